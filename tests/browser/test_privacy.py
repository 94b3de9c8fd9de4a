"""What is private changes no byte of any page: all pages before and after, and as if it did not exist."""

from __future__ import annotations

import datetime
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.routing import Mount, Route
from starlette.testclient import TestClient

from fomrepo.client.repository import Repository
from tests.browser.conftest import URL, World
from tests.count_bundle import write_bundle

#: Addresses whose answers are large, are made by runs of their own, or carry numbers that are drawn for each request.
LEFT_OUT = ("/viewer", "/moving/", "/line/", "/example", "/login/", "/identities/link")


def addresses(app: Starlette, **known: str) -> Iterator[str]:
    """Every address that answers to GET, about what is known; what is not known is called ``x``."""
    values = defaultdict(lambda: "x", known)
    for route in app.routes:
        for one in route.routes if isinstance(route, Mount) else [route]:
            if isinstance(one, Route) and "GET" in (one.methods or ()):
                path = (route.path if isinstance(route, Mount) else "") + one.path_format
                if not any(part in path for part in LEFT_OUT):
                    yield path.format_map({**values, "name": "rmsd"} if "/methods/{name}" in path else values)


def answers(client: TestClient, paths: list[str]) -> Mapping[str, tuple[int, Mapping[str, str], bytes]]:
    """What a browser is told at each address, with all headers."""
    found = {path: client.get(path, follow_redirects=False) for path in paths}
    return {path: (one.status_code, dict(one.headers), one.content) for path, one in found.items()}


@pytest.fixture
def bob(web: TestClient, world: World) -> Iterator[TestClient]:
    """The pages, as bob sees them who is a member of nothing."""
    client = TestClient(web.app, base_url=URL, raise_server_exceptions=False)
    client.post("/login", data={"token": world.federation.token("bob")}, headers={"origin": URL})
    yield client
    client.close()


def make_private_things(repo: Repository, world: World, folder: Path) -> str:
    """Deposit, claim, embargo, call and submit, all of it in private; returns an accession."""
    small = folder / "leak.pdb"
    small.write_text("ATOM      1  CB  GLY A   1       0.000   0.000   0.000  1.00  0.00           C\nEND\n")
    record = repo.deposit(small, title="Leaky title", name="leaky").accession
    repo.metadata.claim(record, force_field="Leakfield", temperature="311 K", creators="Leaky, L.", note="leaky")
    embargoed = repo.deposit(small, title="Embargoed title").accession
    tomorrow = datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=1)
    repo.lifecycle.publish(embargoed, licence="CC-BY-4.0", embargo_until=tomorrow)
    repo.deposit(small, title="Next title", new_version_of=world.withdrawn)
    repo[f"{world.adk}.v1"]["adk_dims.dcd"].rmsd(select="name CB", step=31)
    repo.submissions.submit(write_bundle(folder, "leaky_count"))
    return record


@pytest.mark.timeout(600)  # of which a machine at rest needs less than one tenth
def test_what_is_private_changes_no_byte(web: TestClient, bob: TestClient, world: World, tmp_path: Path) -> None:
    paths = [*addresses(web.app, name=world.adk, file="adk_dims.dcd", method="rmsd", form="bibtex", part="0")]
    paths += ["/search?q=title", "/search?engine=CHARMM&sort=title", f"/records/{world.withdrawn}", "/search?q=leaky"]
    shelf = web.app.state.library.shelf

    def seen() -> list[Mapping[str, tuple[int, Mapping[str, str], bytes]]]:
        shelf.look()
        return [answers(client, paths) for client in (web, bob)]

    def settled(wanted: object = None) -> list[Mapping[str, tuple[int, Mapping[str, str], bytes]]]:
        """Look until all is as it was: sites tell how busy they are, and that passes."""
        until = time.monotonic() + 120
        last = wanted or seen()
        while (now := seen()) != last and time.monotonic() < until:
            last = wanted or now
            time.sleep(0.5)
        return now

    before = settled()
    with world.federation.connect("alice") as repo:
        private = make_private_things(repo, world, tmp_path)
        repo.submissions.checked(repo.submissions.mine()[0].id)
    for was, now in zip(before, settled(before), strict=True):
        assert [path for path in paths if was[path] != now[path]] == []

    missing = "FOM-100000"
    for client in (web, bob):
        hidden = answers(client, [*addresses(web.app, name=private, file="leak.pdb", method="rmsd", form="bibtex")])
        absent = answers(client, [*addresses(web.app, name=missing, file="leak.pdb", method="rmsd", form="bibtex")])
        for (path, told), other in zip(hidden.items(), absent.values(), strict=True):
            headers = {
                **told[1],
                "content-length": "",
                "location": told[1].get("location", "").replace(private, missing),
            }
            spelt = told[0], headers, told[2].replace(private.encode(), missing.encode())
            assert spelt == (other[0], {"location": "", **other[1], "content-length": ""}, other[2]), path
