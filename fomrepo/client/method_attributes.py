"""Methods as attributes of files: whatever is published, so no type can say which there are.

Type checkers find the attributes here. ``fomrepo stubs`` writes a stub of this one module, with a typed function for
each published method in the place of ``__getattr__``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fomrepo.client.operation import OperationFuture
from fomrepo.client.tracebacks import short_tracebacks


class MethodAttributes:
    """Every method that fits a file is an attribute of it; its class finds them by ``_method``."""

    @short_tracebacks
    def __getattr__(self, name: str) -> Callable[..., Any]:
        return _method(self, name)


class SubmittedAttributes:
    """The same, for methods that answer at once with a future."""

    @short_tracebacks
    def __getattr__(self, name: str) -> Callable[..., OperationFuture[Any]]:
        return _method(self, name)


def _method(thing: Any, name: str) -> Callable[..., Any]:
    if name.startswith("_"):  # asked by copy, inspect and notebooks; no reason to ask a site
        raise AttributeError(name)
    found: Callable[..., Any] = thing._method(name)
    return found
