"""Real sites on loopback: one federation that all tests share, and a fresh one for tests that break things."""

from __future__ import annotations

import secrets
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from fomrepo.client.record import Record
from fomrepo.client.repository import Repository
from fomrepo.testing import LocalFederation
from tests.federation.records import deposit_adk, replicate

#: Who owns what the shared tests only look at.
OWNER = "alice"


@pytest.fixture(scope="session", autouse=True)
def _forked(forked_sites: None) -> None:
    """Sites start fast here."""


@pytest.fixture(scope="session")
def open_folder() -> Iterator[Callable[[], Path]]:
    """Return what makes folders that a service user can reach; pytest's own are closed to others."""
    with ExitStack() as end:

        def make() -> Path:
            name = end.enter_context(tempfile.TemporaryDirectory(prefix="fomrepo-tests-", ignore_cleanup_errors=True))
            Path(name).chmod(0o755)
            return Path(name)

        yield make


@pytest.fixture(scope="session")
def federation(bubblewrap: Path, open_folder: Callable[[], Path]) -> Iterator[LocalFederation]:
    """Three sites that all tests share; nobody kills them or changes their files."""
    with LocalFederation(open_folder(), slots=2) as started:
        yield started


@pytest.fixture(scope="module")
def own_sites() -> tuple[str, ...]:
    """Names of the module's own sites; one that needs fewer says so, because each takes seconds to start."""
    return ("site-a", "site-b", "site-c")


@pytest.fixture(scope="module")
def own_federation(
    bubblewrap: Path, open_folder: Callable[[], Path], own_sites: tuple[str, ...]
) -> Iterator[LocalFederation]:
    """Sites of one module's own, which its tests may break."""
    with LocalFederation(open_folder(), own_sites, slots=2) as started:
        yield started


@pytest.fixture
def fragile(own_federation: LocalFederation) -> LocalFederation:
    """The module's own sites, all of them up."""
    stopped = [site for site in own_federation.sites.values() if not site.runs]
    for site in stopped:
        site.begin_start()
    for site in stopped:
        site.wait_until_ready()
    return own_federation


@pytest.fixture
def user() -> str:
    """Name that nobody has yet."""
    return f"user-{secrets.token_hex(4)}"


@pytest.fixture
def stranger() -> str:
    """Name of somebody who shares no project with anybody."""
    return f"stranger-{secrets.token_hex(4)}"


@pytest.fixture
def repo(federation: LocalFederation, user: str) -> Iterator[Repository]:
    """Return the new user's client at site-a of the shared federation."""
    with federation.connect(user, site="site-a") as connected:
        yield connected


@pytest.fixture(scope="session")
def adk(federation: LocalFederation) -> Record:
    """Return a record of the owner's, kept at site-a and site-b."""
    with federation.connect(OWNER, site="site-a") as connected:
        record = deposit_adk(connected, title="Adenylate kinase that all look at")
        replicate(connected, record.accession, "site-b")
        return record


@pytest.fixture
def owner(federation: LocalFederation) -> Iterator[Repository]:
    """Return the client of the owner of the shared record, at site-a."""
    with federation.connect(OWNER, site="site-a") as connected:
        yield connected
