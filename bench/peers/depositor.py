"""Pushes a file to a site, at its door or over the wire; copies it, and hashes it, on the same disk."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import fomrepo
from bench.peers.work import Work
from fomrepo.client.repository import Repository


@contextmanager
def opened(setup: Mapping[str, Any]) -> Iterator[dict[str, Work]]:
    """Connect, and give the works: each moves all bytes of one file."""
    folder, copy = Path(setup["folder"]), Path(setup["copy"])
    file = folder / setup["file"]
    with fomrepo.connect(setup["address"], token=setup["token"], ca=setup["ca"]) as repo:
        yield {
            "door": Work(lambda _: _push(repo, folder, wire=False), lambda _: _give_up(repo, folder)),
            "wire": Work(lambda _: _push(repo, folder, wire=True), lambda _: _give_up(repo, folder)),
            "copy": Work(lambda _: _copy(file, copy), lambda _: copy.unlink(missing_ok=True)),
            "hash": Work(lambda _: hashlib.file_digest(file.open("rb"), "sha256").hexdigest()),
            "peak_memory": Work(lambda _: [_peak_mib(os.getpid()), _peak_mib(setup["site"])]),
        }


def _push(repo: Repository, folder: Path, *, wire: bool) -> None:
    with repo.deposit_folder(folder, wire=wire) as steps:
        pushed = steps.push()
    if not pushed.sent or pushed.way != ("wire" if wire else "door"):
        raise AssertionError("there was nothing to send, or it went the other way")


def _give_up(repo: Repository, folder: Path) -> None:
    with repo.deposit_folder(folder) as steps:
        steps.abandon()


def _copy(file: Path, copy: Path) -> None:
    shutil.copyfile(file, copy)
    with copy.open("rb") as stream:
        os.fsync(stream.fileno())  # a site, too, answers when the bytes are safe


def _peak_mib(pid: int) -> float:
    """Highest resident memory of a process, in MiB."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:")) / 1024
