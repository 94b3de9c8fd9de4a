"""Where the files lie that are shipped with fomrepo but are not part of the package.

``sandbox``, ``methods`` and ``deposition`` run behind the wall and ``migrations`` is read by Alembic: the host must
find these folders and must not be able to import them. A wheel therefore puts them into ``fomrepo-files/`` beside the
package, a name that no import statement can spell; in a checkout they lie beside the package itself.
"""

from pathlib import Path
from typing import Literal, TypeAlias

__all__ = ["FolderName", "installed_folder", "package_place"]

FolderName: TypeAlias = Literal["sandbox", "methods", "deposition", "migrations"]

_BESIDE_THE_PACKAGE = Path(__file__).resolve().parent.parent


def package_place() -> Path:
    """Return the folder in which the package ``fomrepo`` lies: that of the checkout, or site-packages."""
    return _BESIDE_THE_PACKAGE


def installed_folder(name: FolderName) -> Path:
    """Return the folder of that name, from the wheel or from the checkout.

    Parameters
    ----------
    name
        ``"sandbox"``, ``"methods"``, ``"deposition"`` or ``"migrations"``.

    Returns
    -------
    pathlib.Path
        An absolute path of an existing folder.

    Raises
    ------
    FileNotFoundError
        The installation is incomplete.

    Examples
    --------
    >>> installed_folder("sandbox").is_dir()
    True
    """
    for parent in (_BESIDE_THE_PACKAGE / "fomrepo-files", _BESIDE_THE_PACKAGE):
        folder = parent / name
        if folder.is_dir():
            return folder
    raise FileNotFoundError(
        f"fomrepo's folder {name!r} is missing beside {_BESIDE_THE_PACKAGE / 'fomrepo'}; "
        "install it again: pip install --force-reinstall fomrepo"
    )
