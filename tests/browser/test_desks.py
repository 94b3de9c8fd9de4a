"""What somebody has under way, and what reviewers read."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from fomrepo.model.quality import WHOLE, CheckState, PlannedCheck, Verdict
from fomrepo.site.administration import open_administration
from tests.browser.conftest import PATIENCE_MS, URL, World
from tests.browser.planned_checks import plan
from tests.browser.test_running import secret_of
from tests.count_bundle import CODE, write_bundle


@pytest.fixture(scope="module")
def submission(world: World, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A method that alice submitted, with markup in its comments."""
    code = CODE.replace("\n", "\n    # <script>document.title = 1</script>\n", 1)
    folder = write_bundle(tmp_path_factory.mktemp("shown"), **{"count.py": code})
    with world.federation.connect("alice") as repo:
        return repo.submissions.submit(folder).id


def test_the_desk_shows_ones_own_records_and_methods(alice: TestClient, world: World, submission: str) -> None:
    page = alice.get("/desk").text
    assert "A secret that is nobody&#39;s business" in page
    assert f"/submissions/{submission}" in page
    assert '<span class="badge">private</span>' in page


def test_a_visitor_has_no_desk(web: TestClient, submission: str) -> None:
    assert web.get("/desk", follow_redirects=False).headers["location"] == "/login?onward=/desk"
    assert web.get(f"/submissions/{submission}").status_code == 401


def test_others_do_not_see_a_submission(web: TestClient, world: World, submission: str) -> None:
    bob = bob_of(web, world)
    assert bob.get(f"/submissions/{submission}").status_code == 404
    assert submission not in bob.get("/desk").text
    assert "secret" not in bob.get("/desk").text.replace('name="secret"', "")


def test_what_cannot_be_seen_is_spelt_out(alice: TestClient) -> None:
    assert "\\u202e" in alice.get("/search", params={"q": "a\u202eb"}).text


@pytest.fixture
def deposited(world: World, tmp_path: Path) -> str:
    """A private record of alice's, whose depositor says what its file does not."""
    file = tmp_path / "two.pdb"
    file.write_text("ATOM      1  CA  ALA A   1       0.000   0.000   0.000  1.00  0.00           C\nEND\n")
    with world.federation.connect("alice") as repo:
        record = repo.deposit(file, title="To be curated", name=tmp_path.name.replace("_", "-"))
        repo.metadata.claim(record.accession, {"total_atom_count": 2})
        return record.versioned


def bob_of(web: TestClient, world: World) -> TestClient:
    """The pages, as bob sees them who is logged in."""
    bob = TestClient(web.app, base_url=URL, raise_server_exceptions=False)
    bob.post("/login", data={"token": world.federation.token("bob")}, headers={"origin": URL})
    return bob


def send(client: TestClient, page: str, address: str, **form: str) -> tuple[int, str]:
    """Send a form of a page, with its secret."""
    secret = {"secret": secret_of(client.get(page).text)}
    answer = client.post(address, data=secret | form, headers={"origin": URL})
    return answer.status_code, answer.text


def test_the_desk_shows_calls_and_deposits_of_any_program(alice: TestClient, web: TestClient, world: World) -> None:
    with world.federation.connect("alice") as repo:
        operation = repo[f"{world.adk}.v1"]["adk_dims.dcd"].radius_of_gyration(stop=2).operation
    until = time.monotonic() + PATIENCE_MS / 1000
    while f"{world.adk}.v1/adk_dims.dcd" not in (page := alice.get("/desk").text) and time.monotonic() < until:
        time.sleep(0.1)  # sites note what a call came to behind its answer
    assert f"/operations/{operation}" in page
    assert f"{world.adk}.v1/adk_dims.dcd" in page
    assert "<h3>Accepted</h3>" in page
    assert operation not in bob_of(web, world).get("/desk").text


def test_a_token_is_revoked_by_whom_it_belongs_to_once_they_are_sure(
    alice: TestClient, web: TestClient, world: World
) -> None:
    with open_administration(world.federation.home) as administration:
        handle = administration.new_token("alice", label="lost laptop").split("_")[1]
    assert "lost laptop" in alice.get("/desk").text
    assert send(alice, "/desk", "/desk/tokens", handle=handle)[0] == 400
    assert send(alice, "/desk", "/desk/tokens", handle=handle, sure="yes", secret="x")[0] == 403
    assert send(bob_of(web, world), "/desk", "/desk/tokens", handle=handle, sure="yes")[0] == 404
    assert handle in alice.get("/desk").text
    status, page = send(alice, "/desk", "/desk/tokens", handle=handle, sure="yes")
    assert status == 200
    assert handle not in page


def test_curators_see_what_came_in_and_decide(alice: TestClient, web: TestClient, deposited: str) -> None:
    address = f"/curation/{deposited}"
    assert deposited in alice.get("/curation").text
    page = alice.get(address).text
    assert "the depositor says 2; two.pdb says 1" in page
    assert send(alice, address, address, deed="publish", licence="MIT")[0] == 400
    assert send(alice, address, address, deed="publish", licence="MIT", sure="yes", secret="x")[0] == 403
    assert send(alice, address, address, deed="publish", embargo="soon", sure="yes")[0] == 400
    assert (
        send(alice, address, address, deed="waive", file="two.pdb", check="bonds", reason="it is a test of the page")[0]
        == 404
    )
    assert web.get(f"/records/{deposited}").status_code == 404
    status, page = send(alice, address, address, deed="publish", licence="MIT", sure="yes")
    assert (status, web.get(f"/records/{deposited}").status_code) == (200, 200)
    assert "<button>Publish</button>" not in page
    assert send(alice, address, address, deed="withdraw", reason="two atoms were meant", sure="yes")[0] == 200
    assert web.get(f"/records/{deposited}").status_code == 410


def test_a_curator_lets_a_finding_pass_with_a_reason_that_everybody_reads(
    alice: TestClient, web: TestClient, world: World, deposited: str
) -> None:
    plan(
        world,
        "alice",
        deposited,
        "two.pdb",
        PlannedCheck(WHOLE, Verdict(CheckState.FAILED, "it may be cut")),
    )
    address, sure = f"/curation/{deposited}", {"deed": "publish", "licence": "MIT", "sure": "yes"}
    assert send(alice, address, address, **sure)[0] == 409
    waiver = {"deed": "waive", "file": "two.pdb", "check": WHOLE}
    assert send(alice, address, address, **waiver, reason="ok")[0] == 400
    status, page = send(alice, address, address, **waiver, reason="it was cut <b>on purpose</b>")
    shown = "Waived by alice: it was cut &lt;b&gt;on purpose&lt;/b&gt;"
    assert (status, shown in page, "<button>Waive whole</button>" in page) == (200, True, False)
    assert send(alice, address, address, **sure)[0] == 200
    assert shown in web.get(f"/records/{deposited}").text


def test_a_curator_lets_a_check_run_again_and_it_passes(alice: TestClient, world: World) -> None:
    undecided = Verdict(CheckState.UNDECIDED, "the machine was out of memory", method_version="1.0.0")
    plan(world, "alice", f"{world.adk}.v2", "adk_dims2.dcd", PlannedCheck("time_monotone", undecided))
    address = f"/curation/{world.adk}.v2"
    assert "the machine was out of memory" in alice.get(address).text
    status, page = send(alice, address, address, deed="again")
    assert (status, "out of memory" in page) == (200, False)
    until = time.monotonic() + PATIENCE_MS / 1000
    while "time monotone</b> of adk_dims2.dcd: passed" not in (page := alice.get(address).text):
        assert time.monotonic() < until, page
        time.sleep(0.2)
    assert "Run again what failed" not in page


def test_only_members_curate(web: TestClient, world: World, deposited: str) -> None:
    bob = bob_of(web, world)
    assert web.get("/curation", follow_redirects=False).headers["location"] == "/login?onward=/curation"
    assert web.get(f"/curation/{world.adk}").status_code == 401
    assert bob.get(f"/curation/{deposited}").status_code == 404
    assert bob.get(f"/curation/{world.adk}").status_code == 403
    form = {"deed": "withdraw", "reason": "it is mine", "sure": "yes"}
    assert send(bob, "/desk", f"/curation/{world.adk}", **form)[0] == 403
    assert deposited not in bob.get("/curation").text
    assert web.get(f"/records/{world.adk}").status_code == 200
