"""Sites that tests of the client talk to."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import fomrepo
from fomrepo.client.remote_file import RemoteFile
from fomrepo.client.repository import Repository
from tests.client.scripted_site import AUTHORITY, TOKEN, ScriptedSite


@pytest.fixture(autouse=True)
def _nothing_of_this_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("FOMREPO_ADDRESS", "FOMREPO_TOKEN", "FOMREPO_CA", "FOMREPO_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("FOMREPO_CONFIG", str(tmp_path / "config" / "config.toml"))
    monkeypatch.setenv("FOMREPO_CACHE", str(tmp_path.with_name(f"{tmp_path.name}-cache")))


@pytest.fixture
def site() -> Iterator[ScriptedSite]:
    one = ScriptedSite()
    yield one
    one.stop()


@pytest.fixture
def sites() -> Iterator[tuple[ScriptedSite, ScriptedSite]]:
    """Two sites of one federation; the first one knows the other."""
    first, second = ScriptedSite("site-a"), ScriptedSite("site-b")
    first.siblings = [second]
    yield first, second
    first.stop()
    second.stop()


@pytest.fixture
def repo(site: ScriptedSite) -> Iterator[Repository]:
    with fomrepo.connect(site.address, token=TOKEN, ca=AUTHORITY.certificate.decode()) as connected:
        yield connected


@pytest.fixture
def traj(repo: Repository) -> RemoteFile:
    return repo["FOM-402917"]["adk_dims.dcd"]
