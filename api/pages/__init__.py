"""Pages for people: what this is, a key, an order, a platform, the verifier; they ask no other host."""

from api.pages.platforms import blueprint

__all__ = ["blueprint"]
