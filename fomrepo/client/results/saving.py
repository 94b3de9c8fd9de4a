"""Results in files, and back: ``result.save(path)`` and ``fomrepo.load(path)`` (docs/adr/0023-saved-results.md)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from fomrepo.client.results.container_file import container_chunks
from fomrepo.client.results.netcdf_file import write_netcdf
from fomrepo.client.results.pictures import PICTURES
from fomrepo.client.results.plain_files import write_csv, write_json, write_npz
from fomrepo.client.results.whole_file import whole_file
from fomrepo.errors import ArgumentError

if TYPE_CHECKING:
    from fomrepo.client.results.result import Result

Writer = Callable[["Result", Path], None]


def _write_container(result: Result, path: Path) -> None:
    with path.open("wb") as stream:
        stream.writelines(container_chunks(result))


#: Suffix -> what writes that format.
FORMATS: Mapping[str, Writer] = {
    ".safetensors": _write_container,
    ".nc": write_netcdf,
    ".csv": write_csv,
    ".json": write_json,
    ".npz": write_npz,
}
#: Suffixes that single types have beside them.
OF_TYPE: Mapping[str, tuple[str, ...]] = {"Structure": (".pdb",), "Figure": tuple(PICTURES)}


def save(result: Result, path: Path) -> Path:
    """Write a result in the format that the suffix names; see :meth:`Result.save`."""
    path = path.expanduser()
    check_suffix(path, result.result_type)
    try:
        with whole_file(path) as part:
            FORMATS[path.suffix](result, part)
    except UnicodeEncodeError as error:  # half a character, from a site that does not know better
        raise ArgumentError(f"a text of this result cannot be written: {error.reason}") from None
    return path


def check_suffix(path: Path, result_type: str) -> None:
    """Refuse a path whose suffix names no format of a type of results; a FileRef takes any.

    Raises
    ------
    ArgumentError
        Naming those that there are.
    """
    known = (*FORMATS, *OF_TYPE.get(result_type, ()))
    if path.suffix not in known and result_type != "FileRef":
        raise ArgumentError(
            f"{path.suffix or 'a name without a suffix'!r} is no format of a {result_type}: {path}",
            remedy=f"end the name in one of: {', '.join(known)}",
        )
