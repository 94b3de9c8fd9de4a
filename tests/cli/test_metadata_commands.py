"""``fomrepo metadata`` and ``fomrepo quality`` on a real federation."""

from __future__ import annotations

from pathlib import Path

import pytest
from MDAnalysisTests import datafiles

from fomrepo.model.metadata_terms import TERMS
from fomrepo.model.quality import CheckState, PlannedCheck, Verdict
from fomrepo.site.administration import open_administration
from fomrepo.testing import LocalFederation
from tests.cli.conftest import CommandLine

MDP = "integrator = md\ndt = 0.002\nref-t = 300\nnstlist = 20\n"


@pytest.fixture(scope="module")
def water(federation: LocalFederation, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Accession of a record with settings of GROMACS, whose topology has failed a check."""
    mdp = tmp_path_factory.mktemp("water") / "md.mdp"
    mdp.write_text(MDP)
    with federation.connect("alice") as repo:
        accession = repo.deposit(datafiles.PSF_TRICLINIC, mdp, title="Water").accession
    fail_a_check(federation, accession, Path(datafiles.PSF_TRICLINIC).name)
    return accession


def fail_a_check(federation: LocalFederation, accession: str, file: str) -> None:
    """Note a failed check, as the site would; here sites check nothing."""
    from fomrepo.catalog.quality import plan_checks
    from fomrepo.model.files import RecordName

    verdict = Verdict(CheckState.FAILED, "it looks cut off", n_findings=1)
    with open_administration(federation.home) as administration:
        catalog = administration.catalog
        owner = catalog.people.principal("alice")
        assert owner is not None
        version = catalog.records.find(RecordName.parse(accession), owner.id)
        assert version is not None
        planned = [(file, PlannedCheck("whole", verdict)), (file, PlannedCheck("bonds", Verdict(CheckState.PASSED)))]
        catalog._database.write(lambda connection: plan_checks(connection, version.version_id, "site-a", planned))


def test_claims_are_set_shown_and_disagree(run: CommandLine, water: str) -> None:
    assert "ensemble_type" in run("metadata", "set", water, "temperature=320 K", "ensemble=NPT", "mood=good").out
    shown = run("metadata", "show", water)
    assert "target_temperature" in shown.out
    assert "ref_t = 300" in shown.out
    assert "disagreement: target_temperature: the depositor says 320 K; md.mdp says 300 K" in shown.out
    assert "GROMACS.nstlist" not in shown.out
    assert "--all" in shown.err
    assert "GROMACS.nstlist" in run("metadata", "show", water, "--all").out
    (found,) = run("metadata", "disagreements", water, "--json").documents
    assert (found["name"], found["claimed"]["values"], found["extracted"][0]["file"]) == (
        "target_temperature", [320], "md.mdp",
    )  # fmt: skip
    assert "the depositor says 320 K" in run("show", water).out
    assert run("metadata", "set", water, "temperature=", "--json").document["claims"] != []
    assert run("metadata", "disagreements", water).err == "files and depositor agree\n"


def test_what_is_known_is_one_document(run: CommandLine, water: str) -> None:
    document = run("metadata", "show", water, "--json").document
    assert set(document) == {"claims", "extracted", "disagreements"}
    entry = next(one for one in document["extracted"] if one["name"] == "water_potential_name")
    assert (entry["values"], entry["file"]) == (["TIP3P"], Path(datafiles.PSF_TRICLINIC).name)
    assert entry["source"].startswith("a guess by")


def test_records_are_found_by_bounds_with_units(run: CommandLine, water: str) -> None:
    found = run("metadata", "find", "target_temperature=295 K..305 K", "time_step=2 fs", "--json").documents
    assert [one["accession"] for one in found] == [water]
    assert run("metadata", "find", "temperature=..100 K").err == "no record that you may see has all of that\n"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["set", "{water}", "temperature=300"], "carries a unit"),
        (["set", "{water}", "temperature"], "gives no value to a name"),
        (["find", "ensemble=1..2"], "has no numbers"),
        (["show", "FOM-999999999"], "FOM-999999999"),
    ],
)
def test_mistakes_are_named_with_their_remedy(run: CommandLine, water: str, words: list[str], said: str) -> None:
    failed = run("metadata", *(word.format(water=water) for word in words), "--json")
    assert failed.status == 1
    assert said in failed.failure["message"]
    assert failed.failure["remedy"]


def test_global_names_are_listed(run: CommandLine) -> None:
    assert [one["name"] for one in run("metadata", "names", "--json").documents] == list(TERMS)
    assert "biosim" in run("metadata", "names").out


def test_a_failed_check_is_shown_and_waived_with_a_reason(run: CommandLine, water: str) -> None:
    name = Path(datafiles.PSF_TRICLINIC).name
    assert f"whole of {name}: it looks cut off" in run("quality", "show", water).out
    assert f"whole of {name} failed: it looks cut off" in run("show", water).out
    refused = run("quality", "waive", f"{water}/{name}", "whole", "fine", "--json")
    assert "says nothing" in refused.failure["message"]
    waived = run("quality", "waive", f"{water}/{name}", "whole", "compared with the original by its digest", "--json")
    assert (waived.document["waiver"]["by"], waived.document["settled"]) == ("alice", True)
    assert "waived by alice: compared with the original by its digest" in run("quality", "show", water).out
    assert f"whole of {name} failed and was waived" in run("show", water).out
    assert [one["state"] for one in run("quality", "again", water, "--json").documents] == ["passed", "failed"]


def test_an_operator_indexes_all_records_again(run: CommandLine, federation: LocalFederation, water: str) -> None:
    assert run("catalog", "index", "--home", federation.home, "--json").document["versions"] >= 1
    found = run("metadata", "find", "target_temperature=300 K", "--json").documents
    assert water in [one["accession"] for one in found]
