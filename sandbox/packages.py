"""Guest: imports MDAnalysis with no more of the readers that it uses where they are installed than the data need.

All of them together cost 0.3 s of each cold start, and 200 mappings that each fork of a holder would copy.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Collection, Mapping

# Package -> the file types for which MDAnalysis uses it.
READERS: Mapping[str, frozenset[str]] = {
    "gemmi": frozenset({"MMCIF"}),
    "gsd": frozenset({"GSD"}),
    "h5py": frozenset({"H5MD"}),
    "pyedr": frozenset({"EDR"}),
    "pytng": frozenset({"TNG"}),
}

# HDF5 would lock a file that is open for reading; the second filter refuses locks.
os.environ["HDF5_USE_FILE_LOCKING"] = "FALSE"


def import_mdanalysis(file_types: Collection[str]) -> None:
    """Import MDAnalysis as if only the readers of these file types were installed; methods may still import the rest.

    Parameters
    ----------
    file_types
        Of all files of the request.
    """
    hidden = [package for package, types in READERS.items() if not types & set(file_types)]
    for package in hidden:
        sys.modules[package] = None  # type: ignore[assignment]  # how Python says: not to be imported
    try:
        import MDAnalysis  # noqa: F401  # the first import decides which readers it has
    finally:
        for package in hidden:
            del sys.modules[package]
