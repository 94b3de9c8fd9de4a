"""Which sample data there is: the names that golden cases use, and the digest of each file."""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fomrepo.installed_files import installed_folder

__all__ = ["Sample", "SampleFile", "sample_table", "table_digest"]


@dataclass(frozen=True, slots=True)
class SampleFile:
    """One file of a sample."""

    #: Inside the package, and inside the folder of samples: ``data/adk.psf``.
    path: str
    #: ``PSF``, ``XTC`` ...
    file_type: str
    #: SHA-256 of its bytes.
    digest: str


@dataclass(frozen=True, slots=True)
class Sample:
    """Data that golden cases know by one name."""

    name: str
    #: What it is, in a sentence.
    about: str
    n_frames: int
    #: The file that methods are called on.
    file: SampleFile
    #: None if the file needs none.
    topology: SampleFile | None

    @property
    def files(self) -> tuple[SampleFile, ...]:
        """All its files."""
        return (self.file,) if self.topology is None else (self.topology, self.file)


def sample_table() -> Mapping[str, Sample]:
    """All samples that are declared, by name."""
    return {name: _sample(name, entry) for name, entry in tomllib.loads(_table_bytes().decode()).items()}


def table_digest() -> str:
    """SHA-256 of the table, in hexadecimal."""
    return hashlib.sha256(_table_bytes()).hexdigest()


def _sample(name: str, entry: Mapping[str, Any]) -> Sample:
    topology = _file(entry["topology"]) if "topology" in entry else None
    file = _file(entry["file"] if topology is None else entry["trajectory"])
    return Sample(name, entry["about"], entry["n_frames"], file, topology)


def _file(entry: Mapping[str, str]) -> SampleFile:
    return SampleFile(entry["path"], entry["type"], entry["sha256"])


def _table_bytes() -> bytes:
    return (installed_folder("methods") / "samples.toml").read_bytes()
