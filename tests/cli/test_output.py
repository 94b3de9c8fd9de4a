"""What commands print, where no site is needed."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
import typer

from fomrepo.__main__ import INTERRUPTED, main
from fomrepo.cli import first_start, output
from fomrepo.cli.commands import Commands
from fomrepo.cli.output import print_failure
from fomrepo.cli.results import present
from fomrepo.errors import LimitHit, MethodFailedError, MethodFrame, SettingsError
from fomrepo.model.files import slug_of
from tests.cli.conftest import CommandLine, Ran
from tests.client import example_results as example

FRAME = MethodFrame("rmsd.py", 12, "rmsd", "return rmsd(x)")
FAILED = MethodFailedError(
    "too deep",
    remedy="be shallow",
    facts={"operation": "op-1"},
    type_name="RecursionError",
    frames=[MethodFrame("rmsd.py", 3, "start", ""), FRAME, FRAME, FRAME],
    log="one\n" + "x" * 500,
    limit=LimitHit("memory", 2**30, 2**30, "byte"),
)


def ended(error: Exception, *words: str) -> Ran:
    """What a command line says whose command raises an error, or warns."""
    from typer.testing import CliRunner

    app = typer.Typer(cls=Commands)

    @app.callback()
    def root() -> None: ...

    @app.command()
    def do(json: output.Json = False) -> None:
        if isinstance(error, Warning):
            warnings.warn(error, stacklevel=1)
        else:
            raise error

    done = CliRunner().invoke(app, ["do", *words])
    return Ran(done.exit_code, done.stdout, done.stderr)


def test_a_failing_method_is_told_whole_to_programs() -> None:
    assert ended(FAILED, "--json").failure == {
        "error": "method_failed",
        "message": "too deep",
        "remedy": "be shallow",
        "facts": {"operation": "op-1"},
        "type_name": "RecursionError",
        "frames": [
            {"file": "rmsd.py", "line": 3, "function": "start", "source": ""},
            *[{"file": "rmsd.py", "line": 12, "function": "rmsd", "source": "return rmsd(x)"}] * 3,
        ],
        "log": FAILED.log,
        "limit": {"name": "memory", "allowed": 2**30, "used": 2**30, "unit": "byte"},
    }


@pytest.mark.filterwarnings("default::FutureWarning")
def test_a_warning_is_told_without_the_code_that_warned() -> None:
    warned = FutureWarning("box 1.0.0 is deprecated: box_sanity says more")
    assert ended(warned) == Ran(0, "", "fomrepo: box 1.0.0 is deprecated: box_sanity says more\n")
    assert ended(warned, "--json").err == '{"warning": "box 1.0.0 is deprecated: box_sanity says more"}\n'


def test_control_c_while_commands_are_loaded_is_no_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    class InterruptedModule(ModuleType):
        def __getattr__(self, name: str) -> None:
            raise KeyboardInterrupt

    monkeypatch.setitem(sys.modules, "fomrepo.cli", InterruptedModule("fomrepo.cli"))
    with pytest.raises(SystemExit) as stopped:
        main()
    assert stopped.value.code == INTERRUPTED


def test_equal_frames_are_folded() -> None:
    assert str(FAILED).splitlines()[1:5] == [
        "  in the method:",
        "    rmsd.py, line 3, in start",
        "    rmsd.py, line 12, in rmsd (repeated 3 times)",
        "      return rmsd(x)",
    ]


@pytest.mark.parametrize(("terminal", "longest"), [(True, 60), (False, 504)])
def test_what_a_method_wrote_fits_the_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], terminal: bool, longest: int
) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: terminal)
    monkeypatch.setattr(output.shutil, "get_terminal_size", lambda: os.terminal_size((60, 24)))
    print_failure(str(FAILED))
    shown = capsys.readouterr().err.splitlines()
    assert len(shown) == len(str(FAILED).splitlines())
    assert max(map(len, shown)) == longest


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (FileNotFoundError(2, "No such file or directory", "/nope"), "fomrepo: /nope: No such file or directory"),
        (OSError(28, "No space left on device"), "fomrepo: No space left on device"),
    ],
)
def test_what_the_system_refuses_is_said_with_a_remedy(error: OSError, said: str) -> None:
    lines = ended(error).err.splitlines()
    assert lines[0] == said
    assert lines[1].startswith("  mend it: ")


def test_an_authority_that_is_not_there_is_named(alone: CommandLine) -> None:
    failed = alone("login", "localhost:1", "--ca", "/nope", "--json").failure
    assert failed["message"] == "the authority's certificate '/nope' cannot be read: No such file or directory"
    assert "federation.pem" in failed["remedy"]


def test_a_profile_that_cannot_be_read_stops_a_first_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = tmp_path / "config.toml"
    config.write_text("profiles = 3")
    config.chmod(0o600)
    monkeypatch.setenv("FOMREPO_CONFIG", str(config))
    with pytest.raises(SettingsError):
        list(first_start.prepare_own_site(tmp_path / "home"))
    assert not (tmp_path / "home").exists()


def test_a_long_text_is_shown_in_part(capsys: pytest.CaptureFixture[str]) -> None:
    text = "\n".join(f"ATOM {number}" for number in range(20))
    present(example.result_of("Text", text=(text, "string", "")), None, as_json=False)
    shown = capsys.readouterr().out.splitlines()
    assert (shown[0], shown[-2:]) == ("text: ATOM 0", ["ATOM 11", "... 8 more (line); all of them: --output FILE.npz"])


def test_no_records_are_a_hint(alone: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    class Empty:
        def __enter__(self) -> Empty:
            return self

        def __exit__(self, *_: object) -> None: ...

        def records(self) -> Iterator[object]:
            return iter(())

    monkeypatch.setattr("fomrepo.cli.records.connected", lambda _: Empty())
    shown = alone("ls")
    assert (shown.status, shown.out) == (0, "")
    assert "fomrepo deposit" in shown.err
    assert alone("ls", "--json").err == ""


@pytest.mark.parametrize(
    ("title", "slug"),
    [
        ("Wässriges AdK", "wassriges-adk"),
        ("Straße über Ångström", "strasse-uber-angstrom"),
        ("AdK, closed to open", "adk-closed-to-open"),
        ("水", "record"),
    ],
)
def test_names_are_made_of_titles(title: str, slug: str) -> None:
    assert slug_of(title) == slug
