"""What registering a large trajectory where it lies reads from the disk, and what it keeps on it.

The kernel counts what a whole disk gives: on a machine that reads something else meanwhile, the figures are too large.
"""

from __future__ import annotations

import os
import struct
import tempfile
import time
import warnings
from pathlib import Path

import MDAnalysis
from MDAnalysisTests.datafiles import GRO, PSF, XTC

from bench.findings import Figure, Findings, Panel
from bench.our_site import USER, OurSite, our_site
from bench.rows import Bound, measured_alone
from bench.samples import adk
from fomrepo.client.repository import Repository
from fomrepo.errors import FomrepoError
from fomrepo.model.quality import CHECKS, CheckState

READ_BOUND = Bound(1.05)
KEPT_BOUND_MIB = Bound(1.0)
#: How long quality checks of the largest file may take, in seconds.
CHECKS_S = 600.0
SECTOR_BYTES = 512
MIB = 2**20


def measure(*, short: bool) -> Findings:
    """Measure everything once."""
    findings = Findings()
    size = 200 * MIB if short else 3_600 * MIB
    with (
        our_site(checks_on_deposit=True) as site,
        tempfile.TemporaryDirectory(prefix="bench-", dir=site.federation.folder) as name,
    ):
        folder = Path(name)
        folder.chmod(0o755)
        few, many = folder / "many-atoms.xtc", folder / "many-frames.xtc"
        frames = {few: _repeat(Path(XTC), few, size), many: _repeat(_small_xtc(folder), many, size)}
        for trajectory, topology in ((few, Path(GRO)), (many, Path(PSF))):
            label = f"{frames[trajectory]:,} frames, {trajectory.stat().st_size / 1e9:.2f} GB"
            _register(findings, site, label, topology, trajectory)
    findings.notes.append("Files are not in the page cache when they are registered; the topology is not counted.")
    findings.notes.append(
        "What is read is what the disk gave to the whole machine until the record, and its checks, stood."
    )
    return findings


def _register(findings: Findings, site: OurSite, label: str, topology: Path, trajectory: Path) -> None:
    """Register one trajectory, and hold what it took against the bounds."""
    size, kept, error = trajectory.stat().st_size, _kept(site), ""
    figures: dict[str, float | None] = dict.fromkeys(("registered", "and checked", "kept"))
    speeds: dict[str, float | None] = dict.fromkeys(("registered", "checked"))
    try:
        with site.federation.connect(USER) as repo:
            _forget(trajectory)
            before, began = _read_from_disk(trajectory), time.monotonic()
            record = repo.deposit(topology, trajectory, title=label, in_place=True)
            registered = time.monotonic()
            speeds["registered"] = size / (registered - began) / 1e6
            figures["registered"] = (_read_from_disk(trajectory) - before) / size
            figures["kept"] = (_kept(site) - kept) / MIB
            _wait_for_checks(repo, record.versioned)
            speeds["checked"] = size / (time.monotonic() - registered) / 1e6
            figures["and checked"] = (_read_from_disk(trajectory) - before) / size
    except (FomrepoError, OSError) as failed:
        error = str(failed)
    told = {what: Figure(speed, error=error) for what, speed in speeds.items()}
    findings.panels.append(Panel(f"in place: {label}", "MB/s", told))
    what = f"read from the disk / size, {label}"
    findings.rows.append(measured_alone(f"{what}: until it is registered", figures["registered"], READ_BOUND))
    findings.rows.append(measured_alone(f"{what}: and checked", figures["and checked"], READ_BOUND))
    findings.rows.append(measured_alone(f"kept beside it, MiB, {label}", figures["kept"], KEPT_BOUND_MIB))


def _wait_for_checks(repo: Repository, record: str) -> None:
    """Wait until no quality check waits to be run.

    Raises
    ------
    TimeoutError
        If one does for too long.
    AssertionError
        If the record's trajectory is not to pass all of them.
    """
    give_up = time.monotonic() + CHECKS_S
    while waiting := [str(one) for one in repo.quality.of(record) if one.verdict.state is CheckState.WAITING]:
        if time.monotonic() > give_up:
            raise TimeoutError(", ".join(waiting))
        time.sleep(0.5)
    if missing := {*CHECKS} - {one.name for one in repo.quality.of(record)}:
        raise AssertionError(f"nobody ran {', '.join(sorted(missing))}")


def _small_xtc(folder: Path) -> Path:
    """Adk without water as XTC."""
    target = folder / "adk.xtc"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        universe = MDAnalysis.Universe(adk().topology, adk().trajectory)
        universe.atoms.write(target, frames="all")
    return target


def _repeat(source: Path, target: Path, size: int) -> int:
    """Write the frames of an XTC again and again, numbered on, a picosecond apart; returns how many."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with MDAnalysis.coordinates.XTC.XTCReader(source) as reader:
            starts = [int(one) for one in reader._xdr.offsets]
    frames, block = 0, bytearray(source.read_bytes())
    with target.open("wb") as stream:
        while stream.tell() < size:
            for start in starts:
                struct.pack_into(">if", block, start + 8, frames, float(frames))  # behind its mark and its atoms
                frames += 1
            stream.write(block)
    return frames


def _forget(file: Path) -> None:
    """Have the page cache let go of a file."""
    with file.open("rb") as stream:
        os.fsync(stream.fileno())
        os.posix_fadvise(stream.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def _read_from_disk(file: Path) -> int:
    """Bytes that the disk below a file has given since the machine started.

    Raises
    ------
    OSError
        If the kernel does not count for that file system.
    """
    device = file.stat().st_dev
    wanted = [str(os.major(device)), str(os.minor(device))]
    for line in Path("/proc/diskstats").read_text().splitlines():
        if (words := line.split())[:2] == wanted:
            return int(words[5]) * SECTOR_BYTES
    raise OSError(f"/proc/diskstats has no line for the disk of {file}")


def _kept(site: OurSite) -> int:
    """Bytes of all files in the site's vault."""
    homes = [one.home for one in site.federation.sites.values()]
    return sum(file.stat().st_size for home in homes for file in (home / "vault").rglob("*") if file.is_file())
