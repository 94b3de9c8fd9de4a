"""The files of a golden case as a call would have them: sample data, or what the bundle brings along."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from fomrepo.errors import BundleRefusedError
from fomrepo.installed_samples import SampleFile
from fomrepo.installed_types import installed_types
from fomrepo.model.files import FileObject, RecordState, RecordVersion
from fomrepo.model.golden_cases import BundledData, GoldenCase
from fomrepo.model.methods import Bundle, MethodSchema
from fomrepo.model.operations import FrameRange
from fomrepo.model.results import ResolvedInput
from fomrepo.site.gate.samples import Samples
from fomrepo.vault.objects import digest_of

#: Sample data is no record; what a request says of one is never looked at.
_NO_RECORD = RecordVersion("", "", "samples", 1, True, RecordState.PUBLISHED, "", "samples", "samples", "", 0.0)


@dataclass(frozen=True, slots=True)
class CaseData:
    """Files of a case: what they are, and where they lie."""

    inputs: tuple[ResolvedInput, ...]
    paths: Mapping[str, Path]
    #: Of the first input; None where nobody has counted.
    n_frames: int | None

    def path(self, digest: str) -> Path:
        """Where the file of that digest lies."""
        return self.paths[digest]

    def identity(self, digest: str) -> None:
        """Sample data lies in folders of this installation, which nobody else can change."""

    def count(self, frames: FrameRange | None) -> int:
        """How many frames a range means; 0 where that is not known."""
        if frames is None or self.n_frames is None:
            return 0
        if frames.frames is not None:
            return len(frames.frames)
        return len(range(self.n_frames)[frames.start : frames.stop : frames.step])


def case_data(case: GoldenCase, bundle: Bundle, samples: Samples, folder_of: Callable[[Bundle], Path]) -> CaseData:
    """Find the files of a case.

    Parameters
    ----------
    case
        Of the bundle.
    bundle
        May bring files of its own.
    samples
        Sample data of this machine.
    folder_of
        Gives the folder that holds a bundle's files.

    Raises
    ------
    BundleRefusedError
        If there is no such sample, or the method does not take what it is.
    """
    paths: dict[str, Path] = {}
    inputs, n_frames = [], []
    for position, given in enumerate(case.data):
        if isinstance(given, BundledData):
            folder, counted = folder_of(bundle), None
            file = _bundled(folder, given.file)
            topology = None if given.topology is None else _bundled(folder, given.topology)
        else:
            sample = samples.find(given)
            folder, counted = samples.folder, sample.n_frames
            file, topology = sample.file, sample.topology
        paths |= {one.digest: folder / one.path for one in (file, topology) if one is not None}
        inputs.append(_input(bundle.schema, position, case, file, topology))
        n_frames.append(counted)
    return CaseData(tuple(inputs), paths, n_frames[0])


def _bundled(folder: Path, path: str) -> SampleFile:
    """File of the bundle itself; its type is told by its suffix, since its author vouches for it."""
    suffix = "." + path.rpartition(".")[2].lower()
    file_type = next((one for one in installed_types().values() if suffix in one.suffixes), None)
    if file_type is None:
        raise BundleRefusedError(
            f"{path} has the suffix of no file type", remedy=f"use one of {', '.join(installed_types())}"
        )
    return SampleFile(path, file_type.name, digest_of(folder / path))


def _input(
    schema: MethodSchema, position: int, case: GoldenCase, file: SampleFile, topology: SampleFile | None
) -> ResolvedInput:
    """The input as a call would have it: the file with its topology, or the topology alone."""
    for one, paired in ((file, topology), (topology, None)):
        if one is not None and schema.accepts(one.file_type, _object(one).families, position):
            return ResolvedInput(_NO_RECORD, _object(one), None if paired is None else _object(paired))
    raise BundleRefusedError(
        f"{case.name}: {schema.name} takes a {schema.accepted(position)}, and {file.path} is a {file.file_type}",
        remedy="name other sample data: fomrepo samples list",
    )


def _object(file: SampleFile) -> FileObject:
    return FileObject("", file.path.rpartition("/")[2], file.file_type, file.digest, 0)
