"""A real federation of two sites, and a way to run commands against it."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from MDAnalysisTests import datafiles
from typer.testing import CliRunner

from fomrepo.cli import app
from fomrepo.testing import LocalFederation


@dataclass(frozen=True)
class Ran:
    """What a command did."""

    status: int
    out: str
    err: str

    @property
    def document(self) -> dict[str, Any]:
        """The one JSON object that it printed."""
        return json.loads(self.out)

    @property
    def documents(self) -> list[dict[str, Any]]:
        """The JSON objects that it printed, one a line."""
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def failure(self) -> dict[str, Any]:
        """The error as programs read it."""
        assert self.out == ""
        return json.loads(self.err)


class CommandLine:
    """Runs commands in this process with an environment of their own."""

    def __init__(self, variables: dict[str, str]) -> None:
        self.variables = variables

    def __call__(self, *words: object, typed: str | None = None, **variables: str) -> Ran:
        done = CliRunner().invoke(app, list(map(str, words)), input=typed, env=self.variables | variables)
        assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
        return Ran(done.exit_code, done.stdout, done.stderr)


@pytest.fixture(scope="session", autouse=True)
def _forked(forked_sites: None) -> None:
    """Sites start fast here."""


@pytest.fixture(scope="session")
def federation(bubblewrap: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalFederation]:
    with LocalFederation(tmp_path_factory.mktemp("federation"), ("site-a", "site-b")) as running:
        yield running


@pytest.fixture
def alone(tmp_path: Path) -> CommandLine:
    """A command line that knows no federation."""
    variables = {name: "" for name in os.environ if name.startswith("FOMREPO_") and name != "FOMREPO_ENVIRONMENTS"}
    return CommandLine(
        variables
        | dict.fromkeys(("FOMREPO_ADDRESS", "FOMREPO_TOKEN", "FOMREPO_CA"), "")
        | {"FOMREPO_CONFIG": str(tmp_path / "config" / "config.toml"), "FOMREPO_HOME": str(tmp_path / "no-home")}
    )


@pytest.fixture
def run(alone: CommandLine, federation: LocalFederation) -> CommandLine:
    """The command line of alice."""
    return CommandLine(
        alone.variables
        | {
            "FOMREPO_ADDRESS": federation["site-a"].address,
            "FOMREPO_TOKEN": federation.token("alice"),
            "FOMREPO_CA": str(federation.ca),
        }
    )


@pytest.fixture(scope="session")
def adk(federation: LocalFederation) -> str:
    """Accession of adenylate kinase: adk.psf and adk_dims.dcd."""
    with federation.connect("alice") as repo:
        return repo.deposit(datafiles.PSF, datafiles.DCD, title="AdK, closed to open").accession
