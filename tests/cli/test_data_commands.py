"""Commands about records, files and methods, against real sites."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from MDAnalysisTests import datafiles

from fomrepo.client.remote_file import RemoteFile
from fomrepo.installed_files import installed_folder
from tests.cli.conftest import CommandLine

pytestmark = pytest.mark.timeout(600)  # the first start on a machine builds the guest environment

SLOW = """
name = "slow"
version = "0.1.0"
summary = "Take its time"
entry = "slow:slow"
environment = "mdanalysis"
[inputs]
universe = "trajectory"
[parameters.seconds]
type = "float"
default = 30.0
doc = "How long"
[result]
type = "Scalar"
[result.fields.slept]
dtype = "float64"
dims = []
unit = "ps"
"""


@pytest.fixture
def slow(tmp_path: Path) -> Path:
    folder = tmp_path / "slow"
    folder.mkdir()
    (folder / "method.toml").write_text(SLOW)
    (folder / "slow.py").write_text(
        "import time\ndef slow(universe, frames, *, seconds):\n    time.sleep(seconds)\n    return {'slept': seconds}\n"
    )
    return folder


def test_a_deposit_prints_its_accession(run: CommandLine) -> None:
    done = run("deposit", datafiles.PSF, datafiles.DCD, "--title", "A deposit", "--name", "a-deposit")
    assert done.status == 0
    accession = done.out.strip()
    (listed,) = [one for one in run("deposit", "list", "--json").documents if one["accession"] == f"{accession}.v1"]
    assert (listed["state"], listed["arrived"], listed["title"]) == ("accepted", 2, "A deposit")
    assert run("ls", "/alice/a-deposit", "--json").documents == run("ls", accession, "--json").documents
    newer = run("deposit", datafiles.PSF, datafiles.DCD, "--title", "Better", "--new-version-of", accession)
    assert newer.out.strip() == f"{accession}.v2"
    assert run("show", accession, "--json").document["version"] == 2
    assert run("show", f"{accession}.v1", "--json").document["title"] == "A deposit"


def test_what_files_do_not_say_is_said_with_them(run: CommandLine) -> None:
    words = ("--licence", "CC0-1.0", "--creator", "Ada Lovelace", "--metadata", "temperature=300 K")
    done = run("deposit", datafiles.PSF, "--title", "Said at once", *words, "--json").document
    assert done["way"] == "door"
    claims = run("metadata", "show", done["accession"], "--json").document["claims"]
    said = {"creators": ["Ada Lovelace"], "licence": ["CC0-1.0"], "target_temperature": [300]}
    assert {one["name"]: one["values"] for one in claims} == said
    words = ("deposit", datafiles.PSF, "--title", "Said wrongly", "--json", "--metadata")
    wrong = run(*words, "temperature=300 kg").failure
    assert (wrong["remedy"], "fomrepo.toml" in wrong["message"]) == ("mend --metadata", False)
    slip = json.loads(run(*words, "temperatur=300 K").err)
    assert slip == {"warning": "'temperatur' is no name that is known here; did you mean 'temperature'?"}


def test_no_method_is_promised_for_what_none_can_read(
    run: CommandLine, adk: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(RemoteFile, "topology", None)
    assert "no topology in its record" in run("show", f"{adk}/adk_dims.dcd").out
    assert run("show", f"{adk}/adk_dims.dcd", "--json").document["methods"] == []
    assert "info" in run("show", f"{adk}/adk.psf", "--json").document["methods"]


def test_what_is_there_is_listed(run: CommandLine, adk: str) -> None:
    assert adk in run("ls").out
    listed = {one["accession"]: one for one in run("ls", "--json").documents}
    assert listed[adk]["path"] == "/alice/adk-closed-to-open"
    psf, dcd = run("ls", adk, "--json").documents
    assert (psf["name"], dcd["name"], dcd["topology"]) == ("adk.psf", "adk_dims.dcd", "adk.psf")
    assert dcd["facts"]["n_frames"] == 98
    assert run("ls", f"{adk}/adk.psf", "--json").documents == [psf]
    assert "3,341 atoms" in run("show", adk).out
    assert f"{os.path.getsize(datafiles.DCD):,} bytes" in run("show", f"{adk}/adk_dims.dcd").out
    assert run("show", f"{adk}/adk_dims.dcd", "--json").document["replicas"]["site-a"] == "good"


def test_a_call_prints_a_table_and_keeps_files(run: CommandLine, adk: str, tmp_path: Path) -> None:
    shown = run("call", f"{adk}/adk_dims.dcd", "rmsd", "--select", "name CA", "--step", "2")
    assert shown.status == 0
    assert "rmsd [angstrom]" in shown.out
    assert "37 more (frame)" in shown.out
    document = run("call", f"{adk}/adk_dims.dcd", "rmsd", "--select=name CA", "--step=2", "--json").document
    assert document["cached"]
    assert document["units"]["rmsd"] == "angstrom"
    words = ("call", f"{adk}/adk_dims.dcd", "rmsd", "--select=name CA", "--step=2", "--output", tmp_path / "all.npz")
    assert "37 more (frame)\n" in run(*words).out  # no word of --output to whoever gave it
    assert len(document["fields"]["rmsd"]) == 49
    for suffix in ("npz", "json"):
        kept = tmp_path / f"kept.{suffix}"
        assert run("call", f"{adk}/adk_dims.dcd", "info", "--output", kept).status == 0
    with np.load(tmp_path / "kept.npz", allow_pickle=False) as arrays:
        assert arrays["n_atoms"] == 3341
        assert "ALA" in arrays["residue_names"]
    assert json.loads((tmp_path / "kept.json").read_text())["fields"]["n_atoms"] == 3341


def test_of_a_file_its_size_is_shown_and_how_to_keep_it(run: CommandLine, adk: str, tmp_path: Path) -> None:
    words = ("call", f"{adk}/adk_dims.dcd", "export", "--select", "name CA", "--frames", "0")
    shown = run(*words)
    kept = tmp_path / "frame.pdb"
    assert run(*words, "--output", kept).status == 0
    assert f"content: {kept.stat().st_size:,} bytes; keep them: --output frames.pdb\n" in shown.out
    assert "FILE.npz" not in shown.out


def test_frames_and_flags_reach_the_method(run: CommandLine, adk: str) -> None:
    words = ("call", f"{adk}/adk_dims.dcd", "rmsd", "--frames", "0,10", "--no-superpose", "--mass-weighted", "--json")
    document = run(*words).document
    arguments = document["provenance"]["arguments"]
    assert (arguments["superpose"], arguments["mass_weighted"], arguments["frames"]) == (False, True, [0, 10])
    assert document["fields"]["frames"] == [0, 10]


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["call", "{adk}/adk_dims.dcd", "rmsd", "--selct", "all"], "argument", "did you mean 'select'"),
        (["call", "{adk}/adk_dims.dcd", "rmsd", "--select"], "argument", "--select needs a value"),
        (["call", "{adk}/adk_dims.dcd", "rmsd", "--ref-frame", "x"], "argument", "ref_frame='x'"),
        (["call", "{adk}/adk_dims.dcd", "rmsd", "--frames", "a"], "argument", "no list of frame indices"),
        (["call", "{adk}/adk_dims.dcd", "rmsd", "name CA"], "argument", "'name CA' is one too many"),
        (["call", "{adk}/adk_dims.dcd", "rmsd", "{adk}/adk_dims.dcd"], "argument", "works on 1 file;"),
        (
            ["call", "{adk}/adk_dims.dcd", "rmsd", "--output", "x.txt"],
            "argument",
            "'.txt' is no format of a TimeSeries",
        ),
        (["call", "{adk}/adk_dims.dcd", "rmds"], "not_found", "or 'rmsd'?"),
        (["call", "{adk}/adk_dims.dcd", "rmsd", "--version", "9.0.0"], "not_found", "use one of: 1.0.0"),
        (["call", "{adk}/adk.psf", "rmsd"], "not_found", "takes trajectory"),
        (["call", "{adk}", "rmsd"], "argument", "names no file"),
        (["show", "{adk}/adk.pdb"], "not_found", "adk.psf"),
        (["ls", "{adk}/adk.pdb"], "not_found", "adk.psf"),
        (["ls", "FOM-999999"], "not_found", "that you may see"),
        (["ls", "nonsense"], "argument", "names no record"),
        (["get", "{adk}/a/b"], "argument", "names no record and no file"),
        (["replicate", "{adk}", "--to", "site-z"], "not_found", "site-z"),
        (["operation", "show", "01a20107-0b23-726a-b937-bbb4baf68cec"], "not_found", "operation"),
        (["method", "try", "/nowhere", "{adk}/adk_dims.dcd"], "bundle_refused", "no folder"),
        (["get", "{adk}", "--to", "/dev/full"], "storage", "/dev/full cannot be made a folder"),
        (["get", "{adk}", "--to", "/proc/x"], "storage", "/proc/x cannot be made a folder"),
        (["get", "{adk}/adk.psf", "--to", "/proc"], "storage", "adk.psf cannot be written"),
        (["deposit", "/nowhere/adk.psf", "--title", "x"], "argument", "No such file"),
        (["deposit", datafiles.XTC, "--title", "x"], "argument", "topology first"),
        (["deposit", datafiles.PSF], "argument", "no title"),
        (
            ["deposit", datafiles.PSF, "--title", "x", "--new-version-of", "{adk}", "--name", "y"],
            "argument",
            "its name",
        ),
        (["deposit", datafiles.PSF, datafiles.XTC, "--title", "x"], "file_refused", "47681 atoms"),
        (["deposit", datafiles.PSF, datafiles.DCD, "--title", "x", "--project", "not-mine"], "not_found", "not-mine"),
    ],
)
def test_bad_input_is_one_clear_error(run: CommandLine, adk: str, words: list[str], code: str, said: str) -> None:
    words = [str(word).format(adk=adk) for word in words]
    failed = run(*words, "--json")
    assert failed.status == 1
    assert failed.failure["error"] == code
    assert said in failed.err
    assert failed.failure["remedy"]
    for_people = run(*words)
    assert for_people.status == 1
    assert for_people.err.startswith("fomrepo: ")
    assert said in for_people.err
    assert "Traceback" not in for_people.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--select", "name XX"], "'name XX' finds no atom"),
        (["--select", "name XX and ("], "it ends too early"),
        (["--ref-frame", "1000"], "1000"),
        (["--frames", "1,2,500"], "frames= lists 500; the file has 98 frames, the last one is 97"),
    ],
)
def test_what_means_nothing_for_the_data_is_said_by_the_method(
    run: CommandLine, adk: str, words: list[str], said: str
) -> None:
    failed = run("call", f"{adk}/adk_dims.dcd", "rmsd", *words, "--json")
    assert failed.failure["error"] == "argument"
    assert said in failed.failure["message"]
    if "XX" in said:
        assert f"fomrepo call {adk}/adk_dims.dcd info" in failed.failure["message"]


def test_a_misused_command_says_how(run: CommandLine) -> None:
    assert run("call").status == 2
    assert run("call", "--json").failure["error"] == "usage"
    assert run("nonsense", "--json").status == 2


def test_files_come_back_whole(run: CommandLine, adk: str, tmp_path: Path) -> None:
    done = run("get", adk, "--to", tmp_path / "got", "--json")
    assert [one["file"] for one in done.documents] == ["adk.psf", "adk_dims.dcd"]
    assert (tmp_path / "got" / "adk_dims.dcd").read_bytes() == Path(datafiles.DCD).read_bytes()
    assert run("get", f"{adk}/adk.psf", "--to", tmp_path).out.strip() == str(tmp_path / "adk.psf")


def test_a_record_is_copied_to_another_site(run: CommandLine, adk: str) -> None:
    assert run("replicate", adk, "--to", "site-b").status == 0
    held = run("show", adk, "--json").document["replicas"]
    assert held["site-b"] == held["site-a"] == ["adk.psf", "adk_dims.dcd"]


def test_methods_are_shown_and_locked(run: CommandLine, tmp_path: Path) -> None:
    assert "rmsd" in {one["name"] for one in run("method", "list", "--json").documents}
    assert "select : str, default 'backbone'" in run("method", "show", "rmsd").out
    assert run("method", "show", "rmsd", "--json").document["schema"]["name"] == "rmsd"
    assert run("method", "lock", tmp_path / "methods.lock").status == 0
    assert "[methods.rmsd]" in (tmp_path / "methods.lock").read_text()
    failed = run("method", "lock", tmp_path / "absent" / "methods.lock", "--json").failure
    assert failed["error"] == "storage"
    assert "absent" in failed["message"]


def test_a_draft_is_tried(run: CommandLine, adk: str) -> None:
    draft = installed_folder("methods") / "rmsd"
    words = ("method", "try", draft, f"{adk}/adk_dims.dcd", "--select", "name CA", "--stop", "3", "--json")
    assert run(*words, "--at", "site-a").document["site"] == "site-a"


def test_a_failing_draft_is_told_whole_to_programs(run: CommandLine, adk: str, slow: Path) -> None:
    (slow / "slow.py").write_text("def slow(universe, frames, *, seconds):\n    print('here')\n    return 1 / 0\n")
    failure = run("method", "try", slow, f"{adk}/adk_dims.dcd", "--json").failure
    assert (failure["error"], failure["type_name"], failure["limit"]) == ("method_failed", "ZeroDivisionError", None)
    assert [(one["file"], one["line"], one["source"]) for one in failure["frames"]] == [("slow.py", 3, "return 1 / 0")]
    assert "here" in failure["log"]


def test_an_operation_is_followed_and_ended(run: CommandLine, adk: str, slow: Path) -> None:
    operation = interrupted_draft(run, slow, f"{adk}/adk_dims.dcd", seconds=60)
    assert run("operation", "show", operation, "--json").document["state"] in ("waiting", "running")
    assert operation in [one["id"] for one in run("operation", "list", "--running", "--json").documents]
    assert run("operation", "cancel", operation, "--json").document == {"operation": operation, "cancelled": True}
    assert run("operation", "wait", operation, "--json").failure["error"] == "cancelled"
    assert run("operation", "show", operation, "--json").document["state"] == "cancelled"


def test_after_control_c_the_run_goes_on(run: CommandLine, adk: str, slow: Path) -> None:
    operation = interrupted_draft(run, slow, f"{adk}/adk_dims.dcd", seconds=10)
    assert run("operation", "wait", operation, "--json").document["fields"]["slept"] == 10


#: Also where the tests were started in the background, which shells tell to ignore it.
HEARS_CONTROL_C = (
    "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); from fomrepo.cli import app; app()"
)


def running(run: CommandLine) -> set[str]:
    return {one["id"] for one in run("operation", "list", "--running", "--json").documents}


def interrupted_draft(run: CommandLine, folder: Path, path: str, *, seconds: int) -> str:
    """Start a slow draft in a process of its own, press Ctrl-C, and return the operation that it names."""
    before = running(run)
    process = subprocess.Popen(
        [sys.executable, "-c", HEARS_CONTROL_C, "method", "try", folder, path, "--seconds", str(seconds), "--json"],
        env=os.environ | run.variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    while running(run) == before:
        assert process.poll() is None, process.communicate()
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (130, "")
    failure = json.loads(err)
    assert failure["error"] == "interrupted"
    assert f"fomrepo operation wait {failure['operation']}" in failure["message"]
    return str(failure["operation"])
