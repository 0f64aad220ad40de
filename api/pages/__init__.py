"""Pages for people: what this is, the check of a key, the browser verifier. They speak only to their own host."""

from api.pages.site import blueprint

__all__ = ["blueprint"]
