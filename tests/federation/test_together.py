"""Several methods on one file: one answer each, as if each had been called alone, and one pass over the frames."""

from __future__ import annotations

import secrets
import struct
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from MDAnalysisTests.datafiles import DCD

from fomrepo.client.remote_file import RemoteFile
from fomrepo.client.repository import Repository
from fomrepo.errors import ArgumentError, MethodFailedError, NotFoundError
from fomrepo.model.canonical import new_id
from fomrepo.testing import LocalFederation
from tests.federation.methods import draft, publish
from tests.federation.records import TRAJECTORY, adk_files, deposit_adk, runs

#: Holders of small files keep their frames, those of files with more than half of this do not.
HOLDER_MEMORY_MIB = 300
ATOMS, FRAMES, LONG_FRAMES = 3341, 98, 4000
FRAME_BYTES = 3 * (4 * ATOMS + 8)
DCD_FRAMES = 8  # where a DCD's header states their number

#: Reads all frames, and counts how many of them its own reader decodes.
COUNTS = """
kinds = type(universe.trajectory).__mro__
own = kinds[2] if kinds[1].__name__ == "_Follows" else kinds[0]
reads, read_frame = [], own._read_frame
own._read_frame = lambda self, i: reads.append(i) or read_frame(self, i)
first = [float(block.positions[0, 0, 0]) for block in frames.blocks(universe.atoms[:10])]
return {"n": len(frames), "reads": len(reads)}
"""


@pytest.fixture(scope="module")
def two_sites(bubblewrap: Path, open_folder: Callable[[], Path]) -> Iterator[LocalFederation]:
    """Two sites with little memory for decoded frames."""
    variables = {"FOMREPO_SITE_HOLDER_MEMORY_MIB": str(HOLDER_MEMORY_MIB)}
    with LocalFederation(open_folder(), ("site-a", "site-b"), slots=2, variables=variables) as started:
        for name in ("counts_one", "counts_two"):
            publish(started, draft(open_folder() / name, COUNTS, 'n = "int64"\nreads = "int64"', name=name))
        failing = draft(open_folder() / "fails", "raise ValueError('as ever')", name="fails")
        publish(started, failing)
        folder = draft(
            open_folder() / "between", 'return {"n": len(universe.trajectory) - len(other.trajectory)}', name="between"
        )
        for path, one, two in (
            ("method.toml", 'universe = "trajectory"', 'universe = "trajectory"\nother = "trajectory"'),
            ("between.py", "universe, frames", "universe, other, frames"),
        ):
            (folder / path).write_text((folder / path).read_text().replace(one, two))
        publish(started, folder)
        yield started


@pytest.fixture(scope="module")
def repo(two_sites: LocalFederation) -> Iterator[Repository]:
    with two_sites.connect("alice", site="site-a") as connected:
        yield connected


@pytest.fixture(scope="module")
def short(repo: Repository) -> RemoteFile:
    """A file whose frames a holder keeps."""
    return deposit_adk(repo)[TRAJECTORY]


@pytest.fixture(scope="module")
def long(repo: Repository, open_folder: Callable[[], Path]) -> RemoteFile:
    """A file with too many frames for that."""
    topology, trajectory = adk_files(open_folder())
    content = Path(DCD).read_bytes()
    header = bytearray(content[: len(content) - FRAMES * FRAME_BYTES])
    struct.pack_into("<i", header, DCD_FRAMES, LONG_FRAMES)
    frames = content[len(header) :] * (LONG_FRAMES // FRAMES + 1)
    trajectory.write_bytes(bytes(header) + frames[: LONG_FRAMES * FRAME_BYTES])
    return repo.deposit(topology, trajectory, title=secrets.token_hex(4))[TRAJECTORY]


def test_each_method_answers_as_if_called_alone(two_sites: LocalFederation, short: RemoteFile) -> None:
    before = runs(two_sites)
    both = short.run(rmsd={"select": "name CA"}, radius_of_gyration={}, step=2)
    assert list(both) == ["rmsd", "radius_of_gyration"]
    assert both["rmsd"] is both.rmsd
    assert "rmsf" not in both
    assert both.get("rmsf") is None
    assert {"rmsd", "radius_of_gyration"} <= set(dir(both))
    assert repr(both).startswith("TimeSeries of rmsd")
    with pytest.raises(AttributeError, match="did you mean rmsd"):
        both.rmsdd  # noqa: B018 - what happens is what is tested
    assert runs(two_sites) == before + 2
    assert not both.rmsd.cached
    assert both.rmsd.provenance.operation != both["radius_of_gyration"].provenance.operation
    assert both.rmsd.provenance.arguments["select"] == "name CA"
    alone = short.rmsd(select="name CA", step=2)
    assert alone.cached
    np.testing.assert_array_equal(alone.rmsd, both.rmsd.rmsd)
    assert both.radius_of_gyration.frames.tolist() == list(range(0, 98, 2))
    assert runs(two_sites) == before + 2


def test_what_was_asked_before_is_not_run(two_sites: LocalFederation, short: RemoteFile) -> None:
    alone = short.rmsf(select="name CB")
    before = runs(two_sites)
    both = short.run(rmsf={"select": "name CB"}, rmsd={"select": "name CB"})
    assert (both.rmsf.cached, both.rmsd.cached) == (True, False)
    np.testing.assert_array_equal(both.rmsf.rmsf, alone.rmsf)
    assert runs(two_sites) == before + 1


@pytest.mark.parametrize(("site", "start"), [("site-a", 10), ("site-b", 20)])
def test_frames_that_nobody_keeps_are_decoded_once(
    two_sites: LocalFederation, long: RemoteFile, site: str, start: int
) -> None:
    """Asked at the site that has them, and at another one."""
    log = two_sites["site-a"].home / "site.log"
    before = log.read_text().count("frames decoded for all")
    with two_sites.connect("alice", site=site) as connected:
        file = connected[long.record.accession][TRAJECTORY]
        alone = file.counts_one(start=start)
        assert alone.reads >= alone.n == LONG_FRAMES - start
        both = file.run(counts_one={}, counts_two={}, start=start + 1)
    assert [(one.n, one.reads) for one in both.values()] == [(alone.n - 1, 0)] * 2
    assert {one.site for one in both.values()} == {"site-a"}
    assert log.read_text().count("frames decoded for all") == before + 1


def test_methods_of_one_pass_answer_what_they_answer_alone(long: RemoteFile) -> None:
    both = long.run(rmsd={"select": "name CA"}, rmsf={"select": "name CA"}, stop=500)
    np.testing.assert_allclose(both.rmsd.rmsd[:FRAMES], both.rmsd.rmsd[FRAMES : 2 * FRAMES], atol=1e-9)
    assert long.rmsd(select="name CA", stop=500).cached


def test_a_method_that_fails_does_not_touch_the_others(long: RemoteFile) -> None:
    with pytest.raises(MethodFailedError, match="as ever"):
        long.run(counts_one={}, fails={}, counts_two={}, stop=300)
    assert long.counts_two(stop=300).cached


def test_a_method_of_two_files_has_both_at_hand(short: RemoteFile, long: RemoteFile, repo: Repository) -> None:
    other = deposit_adk(repo, title="Another one")[TRAJECTORY]
    assert short.between(other).n == 0
    answer = long.between(other=other)
    assert (answer.n, answer.provenance.way) == (LONG_FRAMES - FRAMES, "hot")
    assert short.run(between={"other": other}, rmsd={"select": "name N"}).between.cached


def test_mistakes_are_found_before_a_byte_is_sent(two_sites: LocalFederation, short: RemoteFile) -> None:
    before = runs(two_sites)
    for wrong in ({"rmsd": {"selection": "name CA"}}, {}, {"rmsd": "name CA"}, {"rmsd": {"step": 0}}):
        with pytest.raises(ArgumentError):
            short.run(**{"radius_of_gyration": {"select": new_id()}} if "rmsd" in wrong else {}, **wrong)
    with pytest.raises(NotFoundError, match="rmsdd"):
        short.run(rmsdd={})
    assert runs(two_sites) == before
