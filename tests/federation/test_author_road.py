"""From a student's script to a method that others call: a new author, two reviewers, a third user, all by commands."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from fomrepo.cli import app
from fomrepo.client.profile import Profile, write_profile
from fomrepo.isolation.environment import default_environments_folder
from fomrepo.site.gate import find_or_build_samples
from fomrepo.testing import LocalFederation
from tests.federation.records import TRAJECTORY, deposit_adk, until

pytestmark = pytest.mark.timeout(300)  # two guests and two sites on a busy machine

#: What a student has: it reads the trajectory by itself, as scripts do.
SCRIPT = '''
import numpy as np
import MDAnalysis as mda


def mean_distance(universe, select="name CA"):
    """Mean distance of atoms from their centre of mass, in each frame."""
    atoms = universe.select_atoms(select)
    found = []
    for ts in universe.trajectory:
        found.append(np.linalg.norm(atoms.positions - atoms.center_of_mass(), axis=1).mean())
    return np.array(found)


if __name__ == "__main__":
    print(mean_distance(mda.Universe("adk.psf", "adk_dims.dcd")))
'''


@dataclass(frozen=True)
class Person:
    """Somebody at a command line, with a profile of their own."""

    name: str
    folder: Path

    def says(self, *words: object) -> str:
        """Run a command in this process; returns what it printed."""
        done = CliRunner().invoke(app, list(map(str, words)), env={"FOMREPO_CONFIG": str(self.folder / "config.toml")})
        assert done.exit_code == 0, done.output
        return done.stdout

    def asks(self, *words: object) -> list[dict[str, Any]]:
        """Run a command; returns the JSON that it printed."""
        return [json.loads(line) for line in self.says(*words, "--json").splitlines()]

    def at_home(self, *words: object) -> str:
        """Run a command in a process of its own, which becomes somebody else if this one is root's."""
        program = Path(sys.executable).with_name("fomrepo")
        done = subprocess.run([program, *map(str, words)], capture_output=True, text=True, timeout=100, check=False)
        assert done.returncode == 0, done.stderr + done.stdout
        return done.stdout


@pytest.fixture(scope="module")
def sites(bubblewrap: Path, open_folder: Callable[[], Path]) -> Iterator[LocalFederation]:
    """Two sites with a root of their own."""
    find_or_build_samples(default_environments_folder())
    with LocalFederation(open_folder(), ("one", "two"), slots=2) as started:
        yield started


@pytest.fixture
def people(sites: LocalFederation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], Person]:
    """Return what gives somebody a profile at a site."""

    def at(name: str, site: str) -> Person:
        person = Person(name, tmp_path / name)
        monkeypatch.setenv("FOMREPO_CONFIG", str(person.folder / "config.toml"))
        write_profile("default", Profile((sites[site].address,), sites.token(name), sites.ca.read_text()))
        return person

    return at


def reviewer(person: Person, operator: Person, home: Path) -> Person:
    """Let somebody make a key, and an operator accept it."""
    person.says("key", "new")
    (published,) = person.asks("key", "publish")
    operator.says("key", "accept", published["key"], "--home", home, "--institution", f"Institute of {person.name}")
    return person


def test_from_a_script_to_a_method_that_others_call(
    sites: LocalFederation, people: Callable[[str, str], Person], tmp_path: Path
) -> None:
    author, operator, user = people("sam", "one"), people("olga", "one"), people("uma", "two")
    operator.says("review", "policy", "--approvals", 2, "--home", sites.home)
    rita, rolf = (
        reviewer(people(name, site), operator, sites.home) for name, site in (("rita", "one"), ("rolf", "two"))
    )

    # The author wraps the script, says which unit it has, and tests it.
    (tmp_path / "mine.py").write_text(SCRIPT)
    folder = tmp_path / "mean_distance"
    author.at_home("method", "new", "mean_distance", "--from-function", f"{tmp_path}/mine.py:mean_distance",
                   "--folder", folder)  # fmt: skip
    schema = folder / "method.toml"
    schema.write_text(schema.read_text().replace('unit = ""', 'unit = "angstrom"'))
    assert author.at_home("method", "test", folder).endswith("passed the gate, tested here\n")
    (submitted,) = author.asks("method", "submit", folder)
    assert submitted["state"] == "in review"

    # Two reviewers read and sign; after the first one it is not published yet.
    for person, state in ((rita, "in review"), (rolf, "published")):
        assert submitted["id"] in [one["id"] for one in person.asks("review", "list")]
        (papers,) = person.asks("review", "show", submitted["id"])
        assert papers["report"]["passed"]
        digest = papers["bundle_digest"][:16]
        (signed,) = person.asks("review", "approve", submitted["id"], "--digest", digest)
        assert signed["state"] == state

    # A third user finds it, calls it at another site, and can say whose it is.
    until(lambda: "mean_distance" in user.says("method", "search", "mean", "distance", "centre of mass"))
    with sites.connect("uma", site="two") as repo:
        record = deposit_adk(repo)
        result = record[TRAJECTORY].mean_distance(select="backbone")
        assert (result.mean_distance.shape, result.units["mean_distance"]) == ((98,), "angstrom")
        assert result.provenance.method_digest == submitted["bundle_digest"]
        assert "mean_distance 0.1.0" in result.cite()
    user.says("stubs", tmp_path / "typings")
    stubs = tmp_path / "typings" / "fomrepo-stubs" / "client" / "method_attributes.pyi"
    assert "def mean_distance(self, *, select: str = 'name CA'" in stubs.read_text()
    user.says("method", "verify", "mean_distance")
    (listed,) = (one for one in user.asks("method", "list") if one["name"] == "mean_distance")
    assert listed["health"] == "healthy"
