"""Metadata and quality checks over the wire: one site whose deposits are checked by real methods in the sandbox."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import MDAnalysis
import numpy as np
import pytest
from MDAnalysisTests.datafiles import DCD, PSF

from fomrepo.client.record import Record
from fomrepo.client.repository import Repository
from fomrepo.errors import ArgumentError, ConflictError, NotAllowedError, NotFoundError
from fomrepo.model.files import RecordName
from fomrepo.model.quality import CHECKS, WHOLE, CheckState, QualityCheck
from fomrepo.site.administration import open_administration
from fomrepo.testing import LocalFederation

#: Seconds within which all checks of a small record are done.
PATIENCE_S = 90.0
REASON = "the run was continued from another snapshot"
MDP = "integrator = md\ndt = 0.002\ntcoupl = V-rescale\nref-t = 300\npcoupl = no\nnstlist = 20\n"
MDIN = "a run\n &cntrl\n  imin=0, dt=0.002, ntt=3, temp0=310.0, gamma_ln=1.0,\n /\n"


@pytest.fixture(scope="module")
def site(bubblewrap: Path, open_folder: Callable[[], Path]) -> Iterator[LocalFederation]:
    """One site that checks what is deposited."""
    with LocalFederation(open_folder(), sites=("site-a",), slots=2, checks_on_deposit=True) as started:
        yield started


@pytest.fixture(scope="module")
def alice(site: LocalFederation) -> Repository:
    return site.connect("alice")


@pytest.fixture(scope="module")
def bob(site: LocalFederation) -> Repository:
    return site.connect("bob")


@pytest.fixture(scope="module")
def gromacs(alice: Repository, tmp_path_factory: pytest.TempPathFactory) -> Record:
    """Return a record of a run of GROMACS whose trajectory is good."""
    mdp = tmp_path_factory.mktemp("gromacs") / "md.mdp"
    mdp.write_text(MDP)
    return alice.deposit(PSF, DCD, mdp, title="Adenylate kinase by GROMACS")


@pytest.fixture(scope="module")
def jumping(alice: Repository, tmp_path_factory: pytest.TempPathFactory) -> Record:
    """Return a record whose trajectory jumps in the middle, with settings of AMBER."""
    folder = tmp_path_factory.mktemp("jumping")
    with warnings.catch_warnings(action="ignore"):
        universe = MDAnalysis.Universe(PSF, DCD)
        with MDAnalysis.Writer(str(folder / "jumping.dcd"), len(universe.atoms)) as writer:
            for timestep in universe.trajectory[:30]:
                if timestep.frame == 15:
                    timestep.positions += np.array([300, 0, 0], np.float32)
                writer.write(universe.atoms)
    (folder / "md.mdin").write_text(MDIN)
    return alice.deposit(PSF, folder / "jumping.dcd", folder / "md.mdin", title="A jump")


def done(repo: Repository, record: Record) -> dict[tuple[str, str], QualityCheck]:
    """Wait until no check of a record waits."""
    until = time.monotonic() + PATIENCE_S
    while True:
        checks = repo.quality.of(record.accession)
        if all(one.verdict.state is not CheckState.WAITING for one in checks):
            return {(one.file, one.name): one for one in checks}
        assert time.monotonic() < until, list(map(str, checks))
        time.sleep(0.2)


def publish(site: LocalFederation, record: Record) -> None:
    """Publish a record as its owner does."""
    with open_administration(site.home) as administration:
        owner = administration.catalog.people.principal(record.owner)
        assert owner is not None
        administration.catalog.lifecycle.publish(RecordName.parse(record.accession), owner.id, licence="CC-BY-4.0")


def test_a_good_trajectory_passes_its_checks(alice: Repository, gromacs: Record) -> None:
    checks = done(alice, gromacs)
    assert {name for file, name in checks if file == "adk_dims.dcd"} == {WHOLE, *CHECKS}
    assert [str(one) for one in checks.values() if one.verdict.state is CheckState.UNDECIDED] == []
    assert checks["adk_dims.dcd", "integrity"].verdict.state is CheckState.PASSED
    assert checks["adk_dims.dcd", "time_monotone"].verdict.state is CheckState.PASSED


def test_a_check_answers_its_depositor_from_the_cache(alice: Repository, gromacs: Record) -> None:
    done(alice, gromacs)
    assert gromacs["adk_dims.dcd"].integrity().passed


def test_a_jump_is_found_and_published_only_with_a_reason(
    site: LocalFederation, alice: Repository, bob: Repository, jumping: Record
) -> None:
    found = done(alice, jumping)["jumping.dcd", "integrity"]
    assert found.verdict.state is CheckState.FAILED
    assert 15 in [one.frame for one in found.verdict.findings]
    with pytest.raises(NotFoundError):
        bob.quality.of(jumping.accession)
    with pytest.raises(ConflictError, match=r"integrity of jumping\.dcd failed"):
        publish(site, jumping)
    with pytest.raises(ArgumentError, match="says nothing"):
        alice.quality.waive(jumping.accession, "jumping.dcd", "integrity", "ok")
    for (file, name), check in done(alice, jumping).items():
        if not check.settled:
            alice.quality.waive(jumping.accession, file, name, REASON)
    publish(site, jumping)
    (seen,) = [one for one in bob.quality.of(jumping.accession) if one.name == "integrity"]
    assert seen.waiver is not None
    assert (seen.waiver.by, seen.waiver.reason) == ("alice", REASON)
    with pytest.raises(NotAllowedError):
        bob.quality.again(jumping.accession)


def test_both_programs_are_found_under_one_name(alice: Repository, gromacs: Record, jumping: Record) -> None:
    def found(**wanted: str | tuple[str | None, str | None]) -> set[str]:
        return {one.accession for one in alice.metadata.find(wanted)}

    assert found(target_temperature=("290 K", None)) == {gromacs.accession, jumping.accession}
    assert found(temperature="310 K", time_step="2 fs") == {jumping.accession}
    assert found(ensemble="nvt") == {gromacs.accession}
    assert {one.accession for one in alice.metadata.find({"GROMACS.nstlist": "20"})} == {gromacs.accession}


def test_claims_and_facts_stay_apart_and_disagree_openly(alice: Repository, bob: Repository, gromacs: Record) -> None:
    changed = alice.metadata.claim(gromacs.accession, temperature="320 K", engine="GROMACS")
    assert changed == alice.metadata.of(gromacs.accession)
    assert [str(one) for one in changed.disagreements] == [
        "target_temperature: the depositor says 320 K; md.mdp says 300 K"
    ]
    assert "total_atom_count" in {one.name for one in changed.extracted if one.file == "adk.psf"}
    with pytest.raises(NotFoundError):
        bob.metadata.of(gromacs.accession)
    with pytest.raises(ArgumentError, match="carries a unit"):
        alice.metadata.claim(gromacs.accession, temperature="320")
    assert alice.metadata.claim(gromacs.accession, temperature=None).disagreements == ()
