"""Guest: opens a hostile HDF5 file: nothing in it may lie elsewhere, and nothing may be larger than it can hold."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from deposition.report import Deposited, empty, truncated, unreadable

OBJECTS_LIMIT = 10_000
DEPTH_LIMIT = 16
CHUNK_LIMIT_BYTES = 1 << 30
# Filters that come with every HDF5: deflate, shuffle, fletcher32, szip, nbit, scaleoffset, lzf. Others are plug-ins.
FILTERS = frozenset({1, 2, 3, 4, 5, 6, 32000})


@contextmanager
def opened(file: Deposited) -> Iterator[Any]:
    """Open a file and look at every link and every dataset of it.

    Raises
    ------
    Refusal
        `unreadable`: it has external or soft links, virtual datasets, data in other files, foreign filters, or is
        damaged; `truncated`: the library says so.
    """
    import h5py

    try:
        with h5py.File(file.path, "r", locking=False) as root:
            _check(file, root)
            yield root
    except (OSError, RuntimeError, KeyError, ValueError, TypeError, UnicodeError) as error:
        reason = str(error)[:200]
        if "truncated file" in reason or "addr overflow" in reason or "eof" in reason.lower():
            raise truncated(file, reason) from error
        raise unreadable(file, f"HDF5 says: {reason}") from error


def _check(file: Deposited, root: Any) -> None:
    """Walk over all objects, each once."""
    import h5py

    seen: set[tuple[int, int]] = set()
    waiting = [(root, "", 0)]
    while waiting:
        group, path, depth = waiting.pop()
        if depth > DEPTH_LIMIT or len(seen) > OBJECTS_LIMIT:
            raise unreadable(file, f"it has more than {OBJECTS_LIMIT} objects, or groups more than {DEPTH_LIMIT} deep")
        for name in group:
            link = group.get(name, getlink=True)
            if not isinstance(link, h5py.HardLink):
                kind = "external" if isinstance(link, h5py.ExternalLink) else "soft"
                raise unreadable(file, f"{path}/{name} is a {kind} link; write what it points to into the file itself")
            item = group[name]
            info = h5py.h5o.get_info(item.id)
            if (info.fileno, info.addr) in seen:
                continue
            seen.add((info.fileno, info.addr))
            if isinstance(item, h5py.Group):
                waiting.append((item, f"{path}/{name}", depth + 1))
            elif isinstance(item, h5py.Dataset):
                _check_dataset(file, item, f"{path}/{name}")


def _check_dataset(file: Deposited, dataset: Any, path: str) -> None:
    if dataset.is_virtual or dataset.external:
        raise unreadable(file, f"the data of {path} lie in another file; write them into this one")
    created = dataset.id.get_create_plist()
    foreign = {created.get_filter(number)[0] for number in range(created.get_nfilters())} - FILTERS
    if foreign:
        raise unreadable(file, f"{path} is packed by filter {min(foreign)}, which is a plug-in; pack it by gzip")
    item_bytes = dataset.dtype.itemsize
    if dataset.chunks is not None and math.prod(dataset.chunks) * item_bytes > CHUNK_LIMIT_BYTES:
        raise unreadable(file, f"{path} has chunks of more than {CHUNK_LIMIT_BYTES} bytes")
    # What was never written takes no room: a shape alone may claim anything.
    if not created.get_nfilters() and math.prod(dataset.shape or ()) * item_bytes > file.size:
        raise unreadable(file, f"{path} has the shape {dataset.shape}, for which the file has no room")


def need(file: Deposited, group: Any, path: str) -> Any:
    """Return what lies at a path.

    Raises
    ------
    Refusal
        `empty`: nothing does.
    """
    if path not in group:
        raise empty(file, f"has no {group.name.rstrip('/')}/{path}")
    return group[path]
