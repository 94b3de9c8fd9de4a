"""Records of real trajectories, and where their bytes lie at a site."""

from __future__ import annotations

import os
import secrets
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from MDAnalysisTests.datafiles import DCD, PSF

from fomrepo.client.record import Record
from fomrepo.client.repository import Repository
from fomrepo.testing import LocalFederation

#: Names that the files of adk have in a record.
TOPOLOGY, TRAJECTORY = Path(PSF).name, Path(DCD).name


#: Where the title begins in a DCD, and what a PSF's title says: bytes that mean nothing to a reader.
_DCD_TITLE, _PSF_TITLE = 100, b"1AKE SEQUENCE"


def adk_files(folder: Path, *, path: str = DCD) -> tuple[Path, Path]:
    """Write PSF and DCD of adenylate kinase, 3,341 atoms, with titles that nobody has: their bytes are new.

    Parameters
    ----------
    folder
        Made if it is not there.
    path
        DCD of MDAnalysisTests: 98 frames, or DCD2 with 102.
    """
    folder.mkdir(parents=True, exist_ok=True)
    title = secrets.token_hex(6).encode()
    psf, dcd = folder / TOPOLOGY, folder / TRAJECTORY
    psf.write_bytes(Path(PSF).read_bytes().replace(_PSF_TITLE, title.ljust(len(_PSF_TITLE)), 1))
    content = Path(path).read_bytes()
    dcd.write_bytes(content[:_DCD_TITLE] + title + content[_DCD_TITLE + len(title) :])
    return psf, dcd


def deposit_adk(repo: Repository, *, title: str = "Adenylate kinase", path: str = DCD, **more: str) -> Record:
    """Deposit adenylate kinase with bytes that nobody has deposited before."""
    with tempfile.TemporaryDirectory() as folder:
        return repo.deposit(*adk_files(Path(folder), path=path), title=title, **more)


def replicate(repo: Repository, record: str, site: str) -> None:
    """Make a copy of a record and wait until it is whole."""
    while not repo.replicate(record, site).done:
        time.sleep(0.05)


def runs(federation: LocalFederation, *sites: str) -> int:
    """Count the runs that these sites, or all, have written into their logs."""
    return sum(
        (federation[site].home / "site.log").read_text().count('"event": "run"') for site in sites or federation.sites
    )


def object_path(federation: LocalFederation, site: str, digest: str) -> Path:
    """Where a site keeps the bytes of that digest."""
    return federation[site].home / "vault" / "objects" / digest[:2] / digest


def blobs(federation: LocalFederation, site: str) -> list[Path]:
    """Results that a site keeps."""
    return sorted((federation[site].home / "cache" / "objects").glob("*/*"))


def bytes_on_their_way(federation: LocalFederation, site: str) -> list[str]:
    """Names of what lies in a site's vault and in its cache without being an object."""
    home = federation[site].home
    return [path.name for part in ("vault", "cache") for path in (home / part / "incoming").iterdir()]


def spoil(path: Path, *, position: int | None = None) -> None:
    """Change one byte behind the site's back, and set size, mode and time of change back to what they were."""
    before = path.stat()
    path.chmod(0o640)
    with path.open("r+b") as stream:
        stream.seek(before.st_size // 2 if position is None else position)
        byte = stream.read(1)
        stream.seek(-1, os.SEEK_CUR)
        stream.write(bytes([byte[0] ^ 0x01]))
    path.chmod(before.st_mode)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def until(condition: Callable[[], object], *, timeout_s: float = 30.0) -> None:
    """Wait until a condition holds."""
    end = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < end, "what was waited for did not happen"
        time.sleep(0.02)
