"""The serving front (ASGI): bodies and streams hold no thread, and the app gets a bounded pool of them.

A thread is taken only when there is something to compute: a request's body is whole by then, and a stream
of news holds none at all. What arrives faster than it can be answered is refused while that is cheap.
"""

from api.front.asgi import Front

__all__ = ["Front"]
