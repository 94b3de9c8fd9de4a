"""Guest: decodes a trajectory into memory that nobody can write afterwards, on all cores at once.

A decoder is a process of its own, like a child under the second filter: it reads the file and writes its range of the
frames into the memory that it shares with the holder.
"""

from __future__ import annotations

import fcntl
import mmap
import os
from collections.abc import Callable
from typing import Any, NoReturn

from sandbox.hold_frames import FrameForm, HeldFrames, UnevenFramesError
from sandbox.hold_kernel import (
    die_with_parent,
    drop_capabilities,
    fork_into_namespaces,
    make_huge_pages,
    map_for_huge_pages,
)
from sandbox.hold_reader import let_go, open_again, read_from_memory

ANSWER_DESCRIPTOR = 3
DESCRIPTORS_LIMIT = 1 << 20
BYTES_WORTH_A_DECODER = 4 << 20  # less is decoded in the time that a fork takes


def new_memory() -> int:
    """Return a descriptor of memory that can be sealed; it is empty yet."""
    return os.memfd_create("frames", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)


def decode(reader: Any, memory: int, budget_bytes: int, install_second_filter: Callable[[], None]) -> int:
    """Decode all frames and let the reader take them from memory; closes the descriptor `memory`.

    Whatever goes wrong with the frames, the reader is left with its file closed and its frames not decoded: a method
    that then reads them meets the same error as in a cold run.

    Parameters
    ----------
    reader
        MDAnalysis reader at its first frame.
    memory
        From `new_memory`.
    budget_bytes
        More bytes of positions, velocities and forces are not decoded.
    install_second_filter
        Called in each decoder before it reads.

    Returns
    -------
    int
        Bytes of memory that were filled; 0 if the frames were not decoded.
    """
    n_frames = len(reader)
    try:
        form: FrameForm | None = FrameForm.of(reader.ts)
    except UnevenFramesError:
        form = None
    let_go(reader)
    if form is None or not 0 < n_frames * form.atom_bytes() <= budget_bytes:
        os.close(memory)
        return 0
    size = form.layout(n_frames)[1]
    os.ftruncate(memory, size)
    if not _fill(reader, form, n_frames, memory, size, install_second_filter):
        os.close(memory)  # with it the memory goes
        return 0
    seals = fcntl.F_SEAL_SEAL | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE
    fcntl.fcntl(memory, fcntl.F_ADD_SEALS, seals)
    private = map_for_huge_pages(memory, size, sharing=mmap.MAP_PRIVATE, protection=mmap.PROT_READ)
    os.close(memory)
    read_from_memory(reader, HeldFrames(form, n_frames, private))
    return size


def _fill(
    reader: Any, form: FrameForm, n_frames: int, memory: int, size: int, install_second_filter: Callable[[], None]
) -> bool:
    """Decode into the memory; the mapping by which it is written is gone afterwards. Returns whether all went well."""
    shared = map_for_huge_pages(memory, size, sharing=mmap.MAP_SHARED, protection=mmap.PROT_READ | mmap.PROT_WRITE)
    frames = HeldFrames(form, n_frames, shared)
    decoders = max(1, min(len(os.sched_getaffinity(0)), size // BYTES_WORTH_A_DECODER, n_frames))
    processes = []
    for part in range(decoders):
        indices, room = (range(end * part // decoders, end * (part + 1) // decoders) for end in (n_frames, size))
        process = fork_into_namespaces()
        if process == 0:
            _be_decoder(reader, frames, indices, shared[room.start : room.stop], install_second_filter)
        processes.append(process)
    statuses = [os.waitpid(process, 0)[1] for process in processes]
    place = shared.obj
    del frames
    shared.release()
    place.close()
    return not any(statuses)


def _be_decoder(
    reader: Any, frames: HeldFrames, indices: range, room: memoryview, install_second_filter: Callable[[], None]
) -> NoReturn:
    """Decode a range and end; 0 says that all went well. `room` is about where the frames come to lie."""
    status = 1
    try:
        os.closerange(ANSWER_DESCRIPTOR, DESCRIPTORS_LIMIT)
        drop_capabilities()
        die_with_parent()
        make_huge_pages(room)
        install_second_filter()
        open_again(reader)
        for index in indices:
            frames.put(index, reader[index])
        status = 0
    finally:
        os._exit(status)
