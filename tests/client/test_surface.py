"""What users import, and what it costs."""

from __future__ import annotations

import subprocess
import sys

import pytest

import fomrepo
from fomrepo.client.record import Record
from fomrepo.client.repository import Repository
from fomrepo.errors import ArgumentError, NotFoundError
from tests.client.scripted_site import ScriptedSite


def test_the_public_names() -> None:
    assert fomrepo.__all__ == ["FomrepoError", "connect", "errors", "fetch", "load"]


@pytest.mark.parametrize(
    ("program", "absent"),
    [
        ("import fomrepo", {"grpc", "numpy", "google", "rich", "typer"}),
        ("import fomrepo.cli", {"grpc", "numpy", "google", "sqlalchemy", "cryptography"}),
        ("import fomrepo.client.repository", {"sqlalchemy", "cryptography", "MDAnalysis", "rich", "typer"}),
    ],
)
def test_imports_stay_light(program: str, absent: set[str]) -> None:
    code = f"{program}; import sys; print(' '.join(sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert absent.isdisjoint(loaded)


def test_a_record_shows_itself(repo: Repository) -> None:
    record = repo["FOM-402917"]
    assert (record.accession, record.version, record.versioned) == ("FOM-402917", 1, "FOM-402917.v1")
    assert (record.path, record.owner, record.state) == ("/alice/adk", "alice", "private")
    assert [one.name for one in record] == record._ipython_key_completions_() == ["adk.psf", "adk_dims.dcd"]
    assert "adk_dims.dcd  DCD  3,341 atoms  98 frames  3.9 MB" in repr(record)
    assert "<closed" not in record._repr_html_()
    with pytest.raises(NotFoundError, match=r"did you mean 'adk_dims\.dcd'"):
        record["adk_dims.dc"]


def test_a_file_carries_its_facts(repo: Repository) -> None:
    traj = repo.file("FOM-402917/adk_dims.dcd")
    assert (traj.file_type, traj.families, traj.size) == ("DCD", ("trajectory",), 3_900_000)
    assert (traj.n_atoms, traj.n_frames, traj.dt, traj.total_time) == (3341, 98, 1.0, 97.0)
    assert traj.facts["box"]["lengths"] == [10, 10, 10]
    assert traj.topology is not None
    assert traj.topology.name == "adk.psf"
    assert traj.topology.topology is None
    assert traj.topology.dt is None
    assert isinstance(traj.record, Record)


def test_one_frame_is_no_frames(site: ScriptedSite, repo: Repository) -> None:
    from fomrepo.wire.v1 import files_pb2

    one = files_pb2.File(name="a.pdb", file_type="PDB", size=1, facts_json='{"n_atoms":5,"n_frames":1}')
    site.answers["GetRecord"] = lambda _: files_pb2.Record(
        accession="FOM-100001", version=1, state="private", project="a", name="b", files=[one]
    )
    assert repr(repo["FOM-100001"]).endswith("5 atoms  1 frame  1 B")


def test_records_come_in_pages(site: ScriptedSite, repo: Repository) -> None:
    from fomrepo.wire.v1 import files_pb2

    def page(request: files_pb2.ListRecordsRequest) -> files_pb2.ListRecordsReply:
        number = int(request.after or 1)
        record = files_pb2.Record(accession=f"FOM-10000{number}", version=1, state="private", project="a", name="b")
        return files_pb2.ListRecordsReply(records=[record], next=str(number + 1) if number < 3 else "")

    site.answers["ListRecords"] = page
    assert [one.accession for one in repo.records()] == ["FOM-100001", "FOM-100002", "FOM-100003"]
    assert [one.accession for one in repo] == ["FOM-100001", "FOM-100002", "FOM-100003"]


def test_what_one_may_not_see_is_not_in_the_repository(site: ScriptedSite, repo: Repository) -> None:
    def refuse(request: object) -> object:
        raise NotFoundError("no record FOM-100001 that you may see")

    assert "FOM-402917" in repo
    site.answers["GetRecord"] = refuse
    assert "FOM-100001" not in repo


def test_a_record_must_be_named_well(site: ScriptedSite, repo: Repository) -> None:
    with pytest.raises(ArgumentError, match="names no record"):
        repo["FOM-1"]
    assert site.counted["GetRecord"] == 0
