"""What is private changes no byte of any page: all pages before and after, and as if it did not exist."""

from __future__ import annotations

import datetime
import threading
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.routing import Mount, Route
from starlette.testclient import TestClient

from fomrepo.client.connection import Connection
from fomrepo.client.repository import Repository
from tests.browser.conftest import URL, World
from tests.browser.submitted import in_review
from tests.browser.test_running import secret_of
from tests.count_bundle import write_bundle

#: Addresses whose answers are large, are made by runs of their own, or carry numbers that are drawn for each request.
LEFT_OUT = ("/viewer", "/moving/", "/line/", "/example", "/login/", "/identities/link")
#: Ids of nothing.
NOTHING = "00000000-0000-7000-8000-00000000000{}"


def addresses(app: Starlette, left_out: tuple[str, ...] = LEFT_OUT, **known: str) -> Iterator[str]:
    """Every address that answers to GET, about what is known; what is not known is called ``x``."""
    values = defaultdict(lambda: "x", known)
    for route in app.routes:
        for one in route.routes if isinstance(route, Mount) else [route]:
            if isinstance(one, Route) and "GET" in (one.methods or ()):
                path = (route.path if isinstance(route, Mount) else "") + one.path_format
                if not any(part in path for part in left_out):
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


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Requests that pages send to sites while somebody waits for their answer."""
    sent: list[str] = []
    ask = Connection.ask

    def noted(self: Connection, rpc: Any, request: Any, **more: Any) -> Any:
        if not threading.current_thread().name.startswith("fomrepo-"):  # which look by themselves, now and then
            sent.append(type(request).__name__)
        return ask(self, rpc, request, **more)

    monkeypatch.setattr(Connection, "ask", noted)
    return sent


def make_private_things(repo: Repository, world: World, folder: Path) -> dict[str, str]:
    """Deposit, claim, embargo, supersede, call and submit, all of it in private; returns what it is called."""
    small = folder / "leak.pdb"
    small.write_text("ATOM      1  CB  GLY A   1       0.000   0.000   0.000  1.00  0.00           C\nEND\n")
    small.with_name("same.pdb").write_text(small.read_text().replace("CB  GLY", "CA  ALA"))
    record = repo.deposit(small, title="Leaky title", name="leaky").accession
    repo.metadata.claim(record, force_field="Leakfield", temperature="311 K", creators="Leaky, L.", note="leaky")
    embargoed = repo.deposit(small, title="Embargoed title").accession
    tomorrow = datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=1)
    repo.lifecycle.publish(embargoed, licence="CC-BY-4.0", embargo_until=tomorrow)
    repo.deposit(small, title="Next title", new_version_of=world.withdrawn)
    repo.deposit(small.with_name("same.pdb"), title="The same as what is public")
    repo.lifecycle.supersede(world.hostile, by=record)
    operation = repo[f"{world.adk}.v1"]["adk_dims.dcd"].rmsd(select="name CB", step=31).operation
    submission = repo.submissions.submit(write_bundle(folder, "leaky_count")).id
    return {"name": record, "operation": operation, "submission": submission}


@pytest.mark.timeout(600)  # of which a machine at rest needs less than one tenth
def test_what_is_private_changes_no_byte(
    web: TestClient, bob: TestClient, world: World, asked: list[str], tmp_path: Path
) -> None:
    paths = [*addresses(web.app, name=world.adk, file="adk_dims.dcd", method="rmsd", form="bibtex", part="0")]
    paths += [f"/records/{world.hostile}", f"/api/v1/records/{world.hostile}"]
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

    # It is answered in no other way than what does not exist, and nobody is asked for anything else.
    absent = {"name": "FOM-100000", "operation": NOTHING.format(1), "submission": NOTHING.format(2)}
    about = {"left_out": ("/viewer", "/example", "/login/", "/identities/link"), "file": "leak.pdb", "method": "rmsd"}

    def told(client: TestClient, known: dict[str, str]) -> dict[str, str]:
        """What is answered at each address, and what sites were asked for it, both without what it is about."""
        found = {}
        for path in [*addresses(web.app, **about, **known, form="bibtex"), f"/records/{known['name']}.v1"]:
            asked.clear()
            answer = client.get(path, follow_redirects=False)
            headers = {key: value for key, value in answer.headers.items() if key != "content-length"}
            spelt = repr((path, answer.status_code, headers, answer.text, sorted(asked)))
            for name, value in known.items():
                spelt = spelt.replace(value, f"<{name}>")
            found[path] = spelt
        return found

    for client in (web, bob):
        told(client, absent)  # now all is known that is asked for once
        hidden, missing = told(client, private), told(client, absent)
        for path, one, other in zip(hidden, hidden.values(), missing.values(), strict=True):
            assert one == other, path


def test_changes_to_what_is_private_are_refused_like_those_to_what_does_not_exist(
    web: TestClient, bob: TestClient, world: World, tmp_path: Path
) -> None:
    form = {"secret": secret_of(bob.get("/desk").text), "reason": "it is mine", "sure": "yes", "text": "Why?"}
    with world.federation.connect("alice") as repo:
        token = repo.desk.tokens()[0].handle
        operation = repo[f"{world.adk}.v1"]["adk_dims.dcd"].radius_of_gyration(stop=1).operation
    for path, deed, hidden, missing in (
        ("/curation/{}", "withdraw", world.private, "FOM-100000"),
        ("/curation/{}", "withdraw", f"{world.adk}.v2", f"{world.adk}.v9"),
        ("/run/{}/small.pdb/info", "", world.private, "FOM-100000"),
        ("/operations/{}/cancel", "", operation, NOTHING.format(1)),
        ("/submissions/{}", "comment", in_review(world, write_bundle(tmp_path, "count_hidden")), NOTHING.format(2)),
        ("/desk/tokens", "", token, "0" * len(token)),
    ):
        seen = []
        for name in (hidden, missing):
            sent = form | {"deed": deed, "handle": name}
            answer = bob.post(path.format(name), data=sent, headers={"origin": URL}, follow_redirects=False)
            headers = {key: value for key, value in answer.headers.items() if key != "content-length"}
            seen.append((answer.status_code, headers, answer.text.replace(name, "X")))
        assert seen[0] == seen[1], path
        assert seen[0][0] == 404, path
