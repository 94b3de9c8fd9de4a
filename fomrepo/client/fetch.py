"""``fomrepo.fetch``: the files of a record on this disk, in the order in which ``MDAnalysis.Universe`` takes them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from fomrepo.client.file_cache import FileCache
from fomrepo.client.paths import split_path
from fomrepo.errors import ArgumentError

if TYPE_CHECKING:
    from fomrepo.client.record import Record
    from fomrepo.client.remote_file import RemoteFile
    from fomrepo.client.repository import Repository


def fetch_paths(repo: Repository, path: str, names: Sequence[str], *, verbose: bool) -> tuple[Path, ...]:
    """Fetch what :func:`fomrepo.fetch` names."""
    record, name = split_path(path)
    if name is not None and names:
        raise ArgumentError(f"{path} is a file already", remedy=f'fomrepo.fetch("{record}", "FILE", "FILE")')
    files = topology_first(repo[record], names if name is None else [name])
    return FileCache.of_this_user().paths(files, verbose=verbose)


def topology_first(record: Record, names: Sequence[str] = ()) -> list[RemoteFile]:
    """Files of a record that make one Universe: the topology, then the trajectories on it.

    Parameters
    ----------
    record
        Where they are.
    names
        Those that are wanted; without any, all trajectories, or the one file that tells its atoms itself. The topology
        of a trajectory need not be named.

    Raises
    ------
    NotFoundError
        If the record has no file of a name.
    ArgumentError
        If the files make no Universe, or more than one.
    """
    chosen = [record[name] for name in dict.fromkeys(names)] or list(record)
    paired = [one for one in chosen if one.topology is not None]
    alone = [one for one in chosen if one.topology is None and {"topology", "trajectory"} & set(one.families)]
    topologies = {one.topology.name: one.topology for one in paired if one.topology is not None}
    topologies = topologies or {one.name: one for one in alone}
    stray = [one.name for one in chosen if one not in paired and one.name not in topologies] if names else []
    if len(topologies) == 1 and not stray:
        return [*topologies.values(), *paired]
    if stray:
        what = f"{', '.join(stray)} of {record.accession} is no part of the Universe that the others make"
    elif topologies:
        what = f"{record.accession} makes several Universes, with {', '.join(topologies)}"
    else:
        what = f"{record.accession} has no file with atoms"
    known = ", ".join(one.name for one in paired or alone) or "fomrepo get fetches any file"
    raise ArgumentError(what, remedy=f"name files that belong together: {known}")
