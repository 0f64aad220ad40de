"""Pages for people: what this is, the check of a key, the browser verifier; they ask no other host."""

from api.pages.site import blueprint

__all__ = ["blueprint"]
