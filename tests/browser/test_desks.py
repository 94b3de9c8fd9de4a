"""What somebody has under way, and what reviewers read."""

from __future__ import annotations

import pytest
from starlette.testclient import TestClient

from tests.browser.conftest import URL, World
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
    bob = TestClient(web.app, base_url=URL, raise_server_exceptions=False)
    bob.post("/login", data={"token": world.federation.token("bob")}, headers={"origin": URL})
    assert bob.get(f"/submissions/{submission}").status_code == 404
    assert submission not in bob.get("/desk").text
    assert "secret" not in bob.get("/desk").text.replace('name="secret"', "")


def test_what_cannot_be_seen_is_spelt_out(alice: TestClient) -> None:
    assert "\\u202e" in alice.get("/search", params={"q": "a\u202eb"}).text
