"""Papers for people: data in, a PDF out. The only room that knows the typesetter.

What users wrote goes in as JSON and is set as text; no markup is ever built from it.
"""

from provenance.print.compose import complaint, readable, readme, word

__all__ = ["complaint", "readable", "readme", "word"]
