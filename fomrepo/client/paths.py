"""How records and their files are named in one text: ``FOM-402917/adk.dcd``, ``/project/name/adk.dcd``."""

from __future__ import annotations

from fomrepo.errors import ArgumentError


def split_path(path: str) -> tuple[str, str | None]:
    """Split what names a record, or a file in it, into the two.

    Raises
    ------
    ArgumentError
        If there is more in it.
    """
    parts = path.split("/")
    in_record = 3 if path.startswith("/") else 1
    record, rest = "/".join(parts[:in_record]), parts[in_record:]
    if len(rest) > 1:
        raise ArgumentError(f"{path!r} names no record and no file", remedy="write RECORD or RECORD/FILE")
    return record, rest[0] if rest and rest[0] else None
