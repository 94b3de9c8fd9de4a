"""Tracebacks as their readers need them: the line that asked, and none of the lines in here that found the fault."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from fomrepo.errors import FomrepoError, InternalError

Given = ParamSpec("Given")
Answer = TypeVar("Answer")


def short_tracebacks(function: Callable[Given, Answer]) -> Callable[Given, Answer]:
    """Make a public function raise errors of ours as if it had found them itself.

    What is our own fault keeps its whole traceback: ``InternalError``, and everything that is no ``FomrepoError``.
    """

    @functools.wraps(function)
    def checked(*args: Given.args, **kwargs: Given.kwargs) -> Answer:
        try:
            return function(*args, **kwargs)
        except InternalError:
            raise
        except FomrepoError as error:
            raise error.with_traceback(None) from None

    return checked
