"""The outside auditor: replays a whole log from what everybody can read, and says what is wrong in it.

Nothing here knows a database or a service: an injected fetcher gives files, an injected node the chain.
"""
