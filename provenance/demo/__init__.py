"""The demonstration: a client like any other, and the one who starts the processes it talks to."""
