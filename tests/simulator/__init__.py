"""A discrete-event model of the service, of the client before it, and of a client that knows all.

`python -m simulator` with `tests` on the path (`make simulate`) prints how policies compare.
"""
