"""A further environment: added by operators, built at sites, named by methods; a call goes where it is."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from fomrepo.cli import app
from fomrepo.client.repository import Repository
from fomrepo.errors import NoReplicaError, NotFoundError
from fomrepo.installed_files import installed_folder
from fomrepo.isolation.environment import default_environments_folder, environment_digest, find_or_build_environment
from fomrepo.site.gate import find_or_build_samples
from fomrepo.testing import LocalFederation
from tests.federation.methods import draft, publish
from tests.federation.records import TRAJECTORY, deposit_adk, until

#: The packages of the environment that comes with fomrepo, in a lock of another digest.
LOCK = (installed_folder("sandbox") / "requirements.lock").read_bytes() + b"# for a test of further environments\n"

#: The DCD's header says how many frames it has.
CASE = 'data = "adk_dims"\n[[expect]]\nfield = "n"\nvalue = 98\ntolerance = 0.0\nsource = "the header of the file"\n'


@pytest.fixture(scope="module", autouse=True)
def samples() -> None:
    find_or_build_samples(default_environments_folder())


@pytest.fixture
def built() -> Iterator[Callable[[], Path]]:
    """Return what puts the environment of `LOCK` in its place: the packages are those that were built already."""
    shipped = find_or_build_environment(
        installed_folder("sandbox") / "requirements.lock", default_environments_folder()
    )
    made: list[Path] = []

    def build() -> Path:
        from fomrepo.isolation.environment import _place

        place = _place(LOCK, default_environments_folder(), "further")
        made.append(place)
        place.mkdir()
        (place / "packages").symlink_to(shipped.packages)
        shutil.copy(shipped.packages.parent / "manifest.json", place)
        return place

    yield build
    for place in made:
        shutil.rmtree(place)


def command(federation: LocalFederation, *words: object) -> list[dict[str, object]]:
    """Run an operator's command at the founder's home; returns what it printed."""
    done = CliRunner().invoke(app, [*map(str, words), "--home", str(federation.home), "--json"])
    assert done.exit_code == 0, done.output
    return [json.loads(line) for line in done.stdout.splitlines()]


def named(folder: Path, name: str, environment: str) -> Path:
    """Write a method that names an environment."""
    written = draft(folder / name, "import numpy\nreturn {'n': sum(1 for _ in frames)}", name=name)
    schema = written / "method.toml"
    schema.write_text(schema.read_text().replace('environment = "mdanalysis"', f'environment = "{environment}"'))
    (written / "tests").mkdir()
    (written / "tests" / "adk.toml").write_text(CASE)
    return written


def test_a_method_runs_where_its_environment_was_built(
    federation: LocalFederation, repo: Repository, tmp_path: Path, built: Callable[[], Path]
) -> None:
    (tmp_path / "further.lock").write_bytes(LOCK)
    (added,) = command(federation, "environment", "add", "further", tmp_path / "further.lock")
    (listed,) = (one for one in command(federation, "environment", "list") if one["environment"] == "further")
    assert (listed["lock"], listed["official"], listed["sites"]) == (added["lock"], True, [])
    (shown,) = command(federation, "environment", "show", "further")
    assert shown["text"] == LOCK.decode()
    assert any(str(one).startswith("mdanalysis==") for one in shown["packages"])  # type: ignore[attr-defined]  # a list

    publish(federation, named(tmp_path, "elsewhere", "further"))
    record = deposit_adk(repo)
    until(lambda: "elsewhere" in {one.schema.name for one in _fresh(repo)})
    with pytest.raises(NoReplicaError, match="site-a does not have the environment further") as refused:
        record[TRAJECTORY].elsewhere()
    assert "fomrepo environment build further" in str(refused.value.remedy)

    built()
    until(lambda: _sites_with(federation) == ["site-a", "site-b", "site-c"])
    result = record[TRAJECTORY].elsewhere()
    assert result.n == 98
    assert result.provenance.environment_digest == environment_digest(LOCK)
    verified = repo.checks.verify("elsewhere", at_site="site-b")  # on the sample data that lies beside the environment
    assert (verified.passed, verified.environment_digest) == (True, environment_digest(LOCK)), verified
    (again,) = command(federation, "environment", "build", "further")
    assert again["digest"] == environment_digest(LOCK)  # it is there
    assert record[TRAJECTORY].radius_of_gyration(stop=2).provenance.environment_digest != environment_digest(LOCK)


def _fresh(repo: Repository) -> list[object]:
    repo.whoami()
    return list(repo.methods())


def _sites_with(federation: LocalFederation) -> list[object]:
    found = command(federation, "environment", "list")
    return next(list(one["sites"]) for one in found if one["environment"] == "further")  # type: ignore[call-overload]  # a list


def test_a_draft_that_names_no_environment_of_the_federation_is_refused(repo: Repository, tmp_path: Path) -> None:
    record = deposit_adk(repo)
    with pytest.raises(NotFoundError, match=r"no guest environment 'unheard'\S* which nowhere needs\n.*mdanalysis"):
        repo.try_draft(named(tmp_path, "nowhere", "unheard"), record[TRAJECTORY])


def test_a_lock_that_says_where_packages_come_from_is_refused(federation: LocalFederation, tmp_path: Path) -> None:
    (tmp_path / "bad.lock").write_bytes(b"--index-url http://somewhere\n" + LOCK)
    done = CliRunner().invoke(
        app, ["environment", "add", "bad", str(tmp_path / "bad.lock"), "--home", str(federation.home), "--json"]
    )
    assert done.exit_code == 1
    assert json.loads(done.stderr)["facts"] == {"line": "1"}
