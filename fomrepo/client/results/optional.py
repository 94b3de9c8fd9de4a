"""What only notebooks need is imported when it is used; who has not installed it is told the command."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from fomrepo.errors import SettingsError


@contextmanager
def imports_for(what: str, *, install: str = "fomrepo[notebook]") -> Iterator[None]:
    """Turn a missing package into an error that says how to get it.

    Parameters
    ----------
    what
        What needs the package: ``plot()``.
    install
        What pip is told to install.

    Raises
    ------
    SettingsError
        If an import inside the ``with`` block finds no package.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        raise SettingsError(
            f"{what} needs {error.name}, which is not installed", remedy=f"pip install '{install}'"
        ) from None
