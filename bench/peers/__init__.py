"""Peers, one module each: ``opened(setup)`` is a context manager that gives the peer's works by name."""
