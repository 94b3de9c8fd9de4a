"""``fomrepo.load(path)``: the same result again. A file may be damaged, or written by somebody who means harm."""

from __future__ import annotations

from pathlib import Path

from fomrepo.client.results.container_file import read_container_file
from fomrepo.client.results.kinds import result_class
from fomrepo.client.results.netcdf_file import read_netcdf
from fomrepo.client.results.result import Result
from fomrepo.errors import ArgumentError, FileRefusedError, OutcomeRefusedError, StorageError

#: Suffix -> what reads that format.
READERS = {".safetensors": read_container_file, ".nc": read_netcdf}
#: What opens the formats that hold no more than numbers.
_OTHERS = {".csv": "pandas.read_csv", ".json": "json.load", ".npz": "numpy.load"}


def load(path: Path) -> Result:
    """Read a saved result; see :func:`fomrepo.load`."""
    path = path.expanduser()
    if path.suffix not in READERS:
        opened = f"open it with {_OTHERS[path.suffix]}(...)" if path.suffix in _OTHERS else "give the path of one"
        raise ArgumentError(f"{path} is no .safetensors and no .nc file, which hold whole results", remedy=opened)
    if not path.is_file():
        raise ArgumentError(f"there is no file {path}", remedy="give the path of a saved result")
    try:
        fields, description = READERS[path.suffix](path)
    except (OutcomeRefusedError, ValueError) as error:
        why = error.message if isinstance(error, OutcomeRefusedError) else str(error)
        raise FileRefusedError(
            f"{path} holds no result: {why}", remedy="save the result again, or call the method again"
        ) from None
    except OSError as error:
        what = f"{path} cannot be read: {error.strerror}"
        raise StorageError(what, remedy="see whether it is yours to read") from None
    kind = result_class(description.schema.result.type)
    return kind(fields, description.schema, description.provenance, units=description.units)
