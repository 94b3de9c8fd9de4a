"""A component that is missing is a skip at a laptop and a failure in CI."""

import os
from typing import NoReturn

import pytest


def missing(what: str, remedy: str) -> NoReturn:
    """Skip this test because `what` is missing; fail it where the environment variable ``CI`` is set.

    Parameters
    ----------
    what
        The missing component, and why it counts as missing.
    remedy
        The command that mends it.
    """
    sentence = f"{what}; mend it with: {remedy}"
    if os.environ.get("CI"):
        pytest.fail(sentence)
    pytest.skip(sentence)
