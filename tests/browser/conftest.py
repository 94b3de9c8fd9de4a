"""One federation of one site, with records that are published and one that is not."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from MDAnalysisTests.datafiles import DCD, DCD2, PSF
from starlette.testclient import TestClient

from fomrepo.browser.application import browser_application
from fomrepo.client.profile import Profile, authority_text
from fomrepo.testing import LocalFederation

#: How people reach the pages in these tests.
URL = "http://testserver"
#: A title that would run as a script if anything were not escaped.
HOSTILE = """</title></script><script>document.documentElement.id="run"</script><img src=x onerror=alert(1)>"'"""

#: What would run if a text came out of its place, and the ends of places that it could come out of.
VECTORS = (
    "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "<svg onload=alert(1)>", "<svg/onload=alert(1)//",
    "<iframe srcdoc='<script>parent.alert(1)</script>'>", "<details open ontoggle=alert(1)>", "{{7*7}}${alert(1)}",
    "javascript:alert(1)", "<math><mi xlink:href=javascript:alert(1)>x", "<style>@import 'http://x'</style>",
    " onmouseover=alert(1) autofocus onfocus=alert(1) ", "\\u003cscript\\u003ealert(1)\\u003c/script\\u003e",
)  # fmt: skip
ENDS = ("", '"', "'", "-->", "</title>", "</textarea>", "</script>", "]]>", "`")
PAYLOADS = tuple(end + ("" if end == "" else ">") + vector for end in ENDS for vector in VECTORS)


@dataclass(frozen=True, slots=True)
class World:
    """What the pages are about."""

    federation: LocalFederation
    #: Published, with a second version that is private.
    adk: str
    #: Published, with a hostile title and hostile claims.
    hostile: str
    #: Private to alice.
    private: str
    #: Published, then withdrawn.
    withdrawn: str

    @property
    def visitor(self) -> Profile:
        """How the pages read."""
        return self.profile("visitor")

    def profile(self, user: str) -> Profile:
        """How a user reads."""
        address = next(iter(self.federation.sites.values())).address
        return Profile((address,), self.federation.token(user), authority_text(self.federation.ca))


@pytest.fixture(scope="session")
def world(bubblewrap: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """The federation, for all tests of the pages."""
    folder = tmp_path_factory.mktemp("browser")
    folder.chmod(0o755)
    small = folder / "small.pdb"
    small.write_text("ATOM      1  CA  ALA A   1       0.000   0.000   0.000  1.00  0.00           C\nEND\n")
    with LocalFederation(folder / "federation", ("site-a",)) as federation, federation.connect("alice") as repo:
        adk = repo.deposit(PSF, DCD, title="Adenylate kinase, closed to open").accession
        repo.metadata.claim(adk, temperature="300 K", force_field="CHARMM27", creators="Beckstein, O.; Denning, E. J.")
        repo.lifecycle.publish(adk, licence="CC-BY-4.0")
        repo.deposit(PSF, DCD2, title="Its unpublished second version", new_version_of=adk)
        hostile = repo.deposit(small, title=HOSTILE).accession
        repo.metadata.claim(hostile, {"note": HOSTILE, "water_model": HOSTILE, "creators": HOSTILE})
        for begin in range(0, len(PAYLOADS), 50):
            repo.metadata.claim(hostile, {f"note {begin + n}": one for n, one in enumerate(PAYLOADS[begin:][:50])})
        repo.lifecycle.publish(hostile, licence="CC0-1.0")
        private = repo.deposit(small, title="A secret that is nobody's business", name="secret").accession
        withdrawn = repo.deposit(small, title="Published by mistake", name="mistake").accession
        repo.lifecycle.publish(withdrawn, licence="CC0-1.0")
        repo.lifecycle.withdraw(withdrawn, "the topology was of another protein")
        yield World(federation, adk, hostile, private, withdrawn)


@pytest.fixture(scope="session")
def web(world: World) -> Iterator[TestClient]:
    """The pages, as a visitor's program without cookies asks for them."""
    app = browser_application(world.visitor, url=URL)
    with TestClient(app, base_url=URL, raise_server_exceptions=False) as client:
        until = time.monotonic() + 30
        while not app.state.library.shelf.catalogue.records and time.monotonic() < until:
            time.sleep(0.05)
        yield client


@pytest.fixture
def alice(web: TestClient, world: World) -> Iterator[TestClient]:
    """The pages, as alice sees them who is logged in."""
    client = TestClient(web.app, base_url=URL, raise_server_exceptions=False)
    answer = client.post(
        "/login", data={"token": world.federation.token("alice")}, headers={"origin": URL}, follow_redirects=False
    )
    assert answer.status_code == 303
    yield client
    client.close()
