"""One federation of one site, with records that are published and one that is not."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from MDAnalysisTests.datafiles import DCD, DCD2, PSF
from playwright.sync_api import Browser, Page
from starlette.testclient import TestClient

from fomrepo.browser.application import browser_application
from fomrepo.client.keys import KeyFile, new_key, open_key
from fomrepo.client.profile import Profile, authority_text
from fomrepo.site.administration import open_administration
from fomrepo.testing import LocalFederation
from tests.browser.served_pages import debian_chromium, served

#: How people reach the pages in these tests.
URL = "http://testserver"
#: Where pictures of the pages go, for people to look at.
PICTURES = Path(os.environ.get("FOMREPO_PICTURES", Path(__file__).parents[2] / ".cache" / "pictures"))
#: Milliseconds that a step may take: machines for tests draw in software, and do other things beside.
PATIENCE_MS = 90_000
#: Identity providers that the site lets people log in with; nobody answers there, and no test asks them.
PROVIDERS = [
    {"name": name, "title": title, "issuer": f"http://127.0.0.1:{port}", "client_id": "pages", "loopback_http": True}
    for name, title, port in (("orcid", "ORCID", 9), ("uni", "University of a Town with a Long Name", 10))
]
#: Of the key that rita reviews with.
PASSPHRASE = "between the lines"
#: A title that would run as a script if anything were not escaped.
HOSTILE = """</title></script><script>document.documentElement.id="run"</script><img src=x onerror=alert(1)>"'"""


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


@dataclass(frozen=True, slots=True)
class Keys:
    """Keys of rita, who reviews."""

    #: Accepted, and under a passphrase.
    good: KeyFile
    #: Accepted, without a passphrase.
    bare: KeyFile
    #: Of nobody.
    strange: KeyFile


@pytest.fixture(scope="session", autouse=True)
def _forked(forked_sites: None) -> None:
    """Sites start fast here."""


@pytest.fixture(scope="session")
def world(bubblewrap: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """The federation, for all tests of the pages."""
    folder = tmp_path_factory.mktemp("browser")
    folder.chmod(0o755)
    small = folder / "small.pdb"
    small.write_text("ATOM      1  CA  ALA A   1       0.000   0.000   0.000  1.00  0.00           C\nEND\n")
    variables = {"FOMREPO_SITE_PROVIDERS": json.dumps(PROVIDERS)}
    with (
        LocalFederation(folder / "federation", ("site-a",), variables=variables) as federation,
        federation.connect("alice") as repo,
    ):
        adk = repo.deposit(PSF, DCD, title="Adenylate kinase, closed to open").accession
        repo.metadata.claim(adk, temperature="300 K", force_field="CHARMM27", creators="Beckstein, O.; Denning, E. J.")
        repo.lifecycle.publish(adk, licence="CC-BY-4.0")
        repo.deposit(PSF, DCD2, title="Its unpublished second version", new_version_of=adk)
        hostile = repo.deposit(small, title=HOSTILE).accession
        repo.metadata.claim(hostile, {"note": HOSTILE, "water_model": HOSTILE, "creators": HOSTILE})
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
        until = time.monotonic() + PATIENCE_MS / 1000
        while not app.state.library.shelf.catalogue.records:
            assert time.monotonic() < until, "the shelf is empty"
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


@pytest.fixture(scope="session")
def address(world: World) -> Iterator[str]:
    """Address of the pages."""
    with served(world.visitor) as (address, _):
        yield address


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """Debian's chromium; for one module, because Playwright keeps an event loop that others would meet."""
    with debian_chromium() as browser:
        yield browser


@pytest.fixture
def page(chromium: Browser, address: str) -> Iterator[Page]:
    """One page, which asks nobody but the server and meets no error of a script."""
    context = chromium.new_context(viewport={"width": 1280, "height": 1000}, base_url=address)
    context.set_default_timeout(PATIENCE_MS)
    page = context.new_page()
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(f"error: {error}") if "XRSystem" not in str(error) else None)
    page.on("dialog", lambda dialog: problems.append(f"dialog: {dialog.message}"))
    page.on(
        "request",
        lambda one: None if one.url.startswith((address, "data:", "blob:")) else problems.append(f"asked {one.url}"),
    )
    yield page
    context.close()
    assert problems == []


@pytest.fixture(scope="module")
def keys(world: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Keys]:
    """Make rita a reviewer."""
    folder = tmp_path_factory.mktemp("keys")
    with pytest.MonkeyPatch.context() as patch, world.federation.connect("rita") as repo:
        patch.setenv("FOMREPO_CONFIG", str(folder / "config.toml"))
        found = Keys(new_key("good", passphrase=PASSPHRASE), new_key("bare"), new_key("strange"))
        repo.trust.publish_key(open_key("good", passphrase=lambda: PASSPHRASE))
        repo.trust.publish_key(open_key("bare"))
        with open_administration(world.federation.home) as administration:
            administration.catalog.reviewers.add("rita")
            for one in (found.good, found.bare):
                administration.trust.accept_key(one.id)
        yield found
