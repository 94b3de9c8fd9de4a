"""What every file type has to keep: a suite that the test of a new type inherits. It needs pytest.

Examples
--------
>>> class TestXTC(FileTypeContract):
...     type_name = "XTC"
...
...     @classmethod
...     def make_samples(cls, folder):
...         return [FileSample(Path("adk.xtc"), topology=Path("adk.gro"), facts={"n_frames": 10})]
"""

from __future__ import annotations

import atexit
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any, ClassVar

import pytest

from fomrepo.installed_types import types_declared_in
from fomrepo.testing.file_prober import FileProber, Probed

__all__ = ["FileSample", "FileTypeContract"]

#: Cuts are made after each of so many parts of a file.
CUTS = 16

#: Facts that a loader counts anew.
COUNTED = ("n_atoms", "n_frames", "n_rows", "columns", "shape", "dtype", "n_lines")


@dataclass(frozen=True, slots=True)
class FileSample:
    """A good file of a type."""

    path: Path
    #: The file that says what its atoms are; None for one that needs none.
    topology: Path | None = None
    #: Atoms of its topology, where the file itself does not say how many it has.
    paired_atoms: int | None = None
    #: Some of the facts that its probe must find.
    facts: Mapping[str, Any] = field(default_factory=dict)


class FileTypeContract:
    """Suite of one file type; a subclass names the type and its samples, and has all the tests.

    A cut or damaged file is either refused, or accepted with facts that its loader agrees with.
    """

    #: As the probe declares it.
    type_name: ClassVar[str]

    #: Files with random damage that are tried; each has between one and eight bytes overwritten.
    mutants: ClassVar[int] = 40

    #: Whether a cut within the file is always noticed: refused, or accepted with a doubt. Texts whose parts stand for
    #: themselves, such as settings, cannot notice one between two lines.
    notices_cuts: ClassVar[bool] = True

    #: Whether a damaged file may end the process that probes it, as decoders in C do; a site's sandbox holds that.
    may_end_its_process: ClassVar[bool] = False

    @classmethod
    def make_samples(cls, folder: Path) -> Sequence[FileSample]:
        """Return good files; the first one, best a small one, is cut and damaged. The folder is for new ones."""
        raise NotImplementedError(f"{cls.__name__} has no samples")

    @classmethod
    def prober(cls) -> FileProber:
        """Return what probes and opens files."""
        return _shared_prober()

    @pytest.fixture(scope="class")
    @classmethod
    def samples(cls, tmp_path_factory: pytest.TempPathFactory) -> Sequence[FileSample]:
        """Good files of the type."""
        return cls.make_samples(tmp_path_factory.mktemp(cls.type_name.lower()))

    def test_it_is_recognised_by_its_content(self, samples: Sequence[FileSample]) -> None:
        """A name that says nothing does not matter."""
        for sample in samples:
            assert self._accepted(sample, "file.unnamed")["type"] == self.type_name

    def test_it_is_accepted_under_each_of_its_names(self, samples: Sequence[FileSample]) -> None:
        """The name agrees with the content."""
        for suffix in types_declared_in(self.prober().probes)[self.type_name].suffixes:
            assert self._accepted(samples[0], f"file{suffix}")["type"] == self.type_name

    def test_it_is_refused_under_the_name_of_another_type(self, samples: Sequence[FileSample]) -> None:
        """Both types are named."""
        own = types_declared_in(self.prober().probes)[self.type_name]
        for other in types_declared_in(self.prober().probes).values():
            suffix = next((each for each in other.suffixes if each not in own.suffixes), None)
            if suffix is None:
                continue
            found = self._probed(samples[0], f"file{suffix}")
            assert (found.status, found.reason) == ("refused", "type_mismatch"), (suffix, found)
            assert self.type_name in found.message
            assert other.name in found.message

    def test_its_facts_are_those_that_are_known(self, samples: Sequence[FileSample]) -> None:
        """And they are the same when the file is looked at again."""
        for sample in samples:
            facts = self._accepted(sample, sample.path.name)
            assert {name: facts.get(name) for name in sample.facts} == dict(sample.facts), sample.path.name
            assert set(facts["families"]) <= set(types_declared_in(self.prober().probes)[self.type_name].families)
            assert self._accepted(sample, sample.path.name) == facts

    def test_what_is_opened_is_what_was_probed(self, samples: Sequence[FileSample]) -> None:
        """For each family that the file is of."""
        for sample in samples:
            found = self._probed(sample, sample.path.name)
            for family in found.facts["families"]:
                opened = self._opened(sample, found, family)
                assert "error" not in opened, (sample.path.name, family, opened)
                assert self._disagreements(found.facts, opened, family) == [], (sample.path.name, family)

    def test_a_cut_file_is_never_taken_for_a_whole_one(self, samples: Sequence[FileSample]) -> None:
        """After each sixteenth of it."""
        content = samples[0].path.read_bytes()
        for part in range(1, CUTS):
            cut = content[: len(content) * part // CUTS]
            if cut:
                found = self._tried(samples[0], cut, f"cut after {len(cut)} of {len(content)} bytes")
                assert not self.notices_cuts or found.status != "ok" or found.facts["doubts"], (part, found)

    def test_damage_never_ends_in_false_facts(self, samples: Sequence[FileSample]) -> None:
        """Bytes overwritten at random, near the beginning most, where the headers are."""
        content = samples[0].path.read_bytes()
        source = random.Random(self.type_name)  # noqa: S311 - equal in each run
        for number in range(self.mutants):
            damaged = bytearray(content)
            for _ in range(source.randint(1, 8)):
                damaged[int(len(damaged) * source.random() ** source.choice((1, 4)))] = source.randrange(256)
            self._tried(samples[0], bytes(damaged), f"mutant {number}")
        if self.may_end_its_process:
            self.prober().begin_anew()

    def _tried(self, sample: FileSample, content: bytes, what: str) -> Probed:
        """Probe bytes that may be anything; what is accepted opens as its facts say, or not at all."""
        path = self.prober().folder / sample.path.name
        path.write_bytes(content)
        damaged = replace(sample, path=path)
        found = self._probed(damaged, path.name)
        allowed = ("ok", "refused", "ended") if self.may_end_its_process else ("ok", "refused")
        assert found.status in allowed, (what, found)
        if found.status == "ok":
            family = found.facts["families"][0]
            opened = self._opened(damaged, found, family)
            assert "error" in opened or not self._disagreements(found.facts, opened, family), (what, found, opened)
        return found

    def _accepted(self, sample: FileSample, name: str) -> Mapping[str, Any]:
        found = self._probed(sample, name)
        assert found.status == "ok", (sample.path.name, name, found)
        return found.facts

    def _probed(self, sample: FileSample, name: str) -> Probed:
        paired = None
        if sample.paired_atoms is not None:
            paired = {"type": "PSF", "name": "paired.psf", "n_atoms": sample.paired_atoms}
        return self.prober().probe(sample.path, name, paired)

    def _opened(self, sample: FileSample, found: Probed, family: str) -> Mapping[str, Any]:
        file = {"role": family, "type": self.type_name, "path": str(sample.path), "name": sample.path.name}
        if found.offsets is not None:
            offsets = self.prober().folder / "offsets"
            offsets.write_bytes(found.offsets)
            file["offsets"] = str(offsets)
        if sample.topology is None:
            return self.prober().open(family, (file,))
        probed = self.prober().probe(sample.topology, sample.topology.name)
        if probed.status == "ended":  # by what a damaged file has left of the process before
            probed = self.prober().probe(sample.topology, sample.topology.name)
        kind = probed.facts["type"]
        topology = {"role": "topology", "type": kind, "path": str(sample.topology), "name": sample.topology.name}
        return self.prober().open(family, (topology, file))

    def _disagreements(self, facts: Mapping[str, Any], opened: Mapping[str, Any], family: str) -> list[str]:
        """What the facts state otherwise than what was opened."""
        stated = dict(facts)
        if family == "structure":
            stated["n_frames"] = 1
        if "columns" in stated:
            stated["columns"] = [column["name"] for column in stated["columns"]]
        return [
            f"{name}: {stated[name]!r} is stated, {opened[name]!r} was opened"
            for name in COUNTED
            if name in stated and name in opened and stated[name] != opened[name]
        ]


@cache
def _shared_prober() -> FileProber:
    prober = FileProber()
    atexit.register(prober.close)
    return prober
