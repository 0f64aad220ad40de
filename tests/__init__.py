"""The tests: one folder a room, and what they share in `tests.support`."""
