"""Pages over a real federation, as programs without JavaScript get them."""

from __future__ import annotations

import json
import re

import pytest
from starlette.testclient import TestClient

from tests.browser.conftest import HOSTILE, URL, World

#: Largest page, in bytes, without the viewer.
PAGE_LIMIT = 150_000


def everything(world: World) -> list[str]:
    """Addresses of all pages that a visitor can read."""
    pages = ["/", "/search", "/search?q=adenylate&sort=title", "/methods", "/methods/rmsd", "/sites", "/statistics"]
    pages += ["/statistics.csv", "/sitemap.xml", "/robots.txt", "/login"]
    for name in (world.adk, world.hostile):
        pages += [f"/records/{name}", f"/records/{name}/bibtex", f"/records/{name}/ris", f"/api/v1/records/{name}"]
    pages += [f"/api/v1/{name}" for name in ("search", "methods", "methods/rmsd", "sites", "statistics", "export")]
    return [*pages, "/api/v1/openapi.json"]


def test_every_page_is_there_small_and_safe(web: TestClient, world: World) -> None:
    for address in everything(world):
        answer = web.get(address)
        assert answer.status_code == 200, address
        assert len(answer.content) < PAGE_LIMIT, address
        policy = answer.headers["content-security-policy"]
        assert "script-src 'self';" in policy
        assert "unsafe" not in policy
        assert answer.headers["x-content-type-options"] == "nosniff"


def test_no_page_tells_of_what_is_private(web: TestClient, world: World) -> None:
    for address in everything(world):
        text = web.get(address).text
        assert world.private not in text, address
        assert "nobody's business" not in text.replace("&#39;", "'"), address
        assert "unpublished second version" not in text, address


def test_what_is_private_is_answered_like_what_does_not_exist(web: TestClient, world: World) -> None:
    for path in ("/records/{}", "/records/{}/bibtex", "/api/v1/records/{}"):
        hidden, missing = (web.get(path.format(name)) for name in (world.private, "FOM-999999"))
        assert (hidden.status_code, missing.status_code) == (404, 404)
        assert hidden.text.replace(world.private, "X") == missing.text.replace("FOM-999999", "X")
        assert {*hidden.headers} == {*missing.headers}
    assert web.get(f"/records/{world.adk}.v2").status_code == 404
    assert f"{world.adk}.v2" not in web.get(f"/records/{world.adk}").text


def test_no_text_of_users_becomes_markup(web: TestClient, world: World) -> None:
    for address in everything(world):
        answer = web.get(address)
        if answer.headers["content-type"].startswith("text/html"):
            assert "<script>" not in answer.text, address
            assert "<img src=x" not in answer.text, address
    page = web.get(f"/records/{world.hostile}").text
    block = re.search(r'<script type="application/ld\+json">(.*?)</script>', page, re.DOTALL)
    assert block is not None
    assert json.loads(block[1])["name"] == HOSTILE


def test_a_record_says_what_its_files_and_its_depositor_say(web: TestClient, world: World) -> None:
    view = web.get(f"/api/v1/records/{world.adk}").json()
    assert view["creators"] == ["Beckstein, O.", "Denning, E. J."]
    assert [(one["name"], one["n_atoms"], one["n_frames"], one["sites"]) for one in view["files"]] == [
        ("adk.psf", 3341, None, ["site-a"]),
        ("adk_dims.dcd", 3341, 98, ["site-a"]),
    ]
    claims = {row["name"]: [one["text"] for one in row["claims"]] for row in view["system"] if row["claims"]}
    assert claims["target_temperature"] == ["300 K"]
    assert view["licence"] == "CC-BY-4.0"
    assert "rmsd" in view["methods"]["adk_dims.dcd"]
    page = web.get(f"/records/{world.adk}").text
    for file in view["files"]:
        assert file["sha256"] in page


def test_search_finds_counts_and_narrows(web: TestClient, world: World) -> None:
    found = web.get("/api/v1/search", params={"q": "adenylate", "temperature_min": "290"}).json()
    assert [one["accession"] for one in found["records"]] == [world.adk]
    assert found["total"] == 1
    assert found["facets"]["force_field"] == {"CHARMM27": 1}
    assert web.get("/api/v1/search", params={"q": "secret OR unpublished OR mistake"}).json()["total"] == 0
    assert web.get("/api/v1/search", params={"licence": "CC0-1.0"}).json()["total"] == 1


def test_a_tombstone_says_why(web: TestClient, world: World) -> None:
    answer = web.get(f"/records/{world.withdrawn}")
    assert answer.status_code == 410
    assert "the topology was of another protein" in answer.text
    assert web.get(f"/api/v1/records/{world.withdrawn}").json()["files"] == []


def test_citations_name_the_version(web: TestClient, world: World) -> None:
    bibtex = web.get(f"/records/{world.adk}/bibtex")
    assert f"@misc{{{world.adk}.v1," in bibtex.text
    assert "author = {{Beckstein, O.} and {Denning, E. J.}}" in bibtex.text
    ris = web.get(f"/records/{world.hostile}/ris").text
    assert all(re.match(r"[A-Z][A-Z0-9]  - ", line) for line in ris.split("\r\n") if line)


def test_links_in_headers_tell_machines_what_it_is(web: TestClient, world: World) -> None:
    links = web.get(f"/records/{world.adk}").headers["link"]
    assert f'<{URL}/records/{world.adk}.v1>; rel="cite-as"' in links
    assert f"{URL}/records/{world.adk}" in web.get("/sitemap.xml").text


def test_the_description_for_programs_names_every_address(web: TestClient) -> None:
    described = web.get("/api/v1/openapi.json").json()["paths"]
    served = {route.path for route in web.app.routes[-2].routes}  # type: ignore[attr-defined] # of the mounted part
    assert {*described} == served - {"/openapi.json"}


def test_a_request_for_another_host_is_refused(web: TestClient) -> None:
    assert web.get("/", headers={"host": "evil.example"}).status_code == 400


@pytest.mark.parametrize("name", ["zzz", "FOM-1", "FOM-999999.v9", "\u202e", "a" * 500])
def test_names_of_nothing_are_not_found_or_refused(web: TestClient, name: str) -> None:
    assert web.get(f"/records/{name}").status_code in (400, 404)


def test_who_is_logged_in_sees_their_own_and_nobody_keeps_it(alice: TestClient, world: World) -> None:
    answer = alice.get(f"/records/{world.private}")
    assert answer.status_code == 200
    assert "Only members of alice see this record" in answer.text
    assert answer.headers["cache-control"] == "no-store"
    assert alice.get("/api/v1/search", params={"q": "secret"}).json()["total"] == 0


def test_the_cookie_is_no_token_and_scripts_cannot_read_it(web: TestClient, world: World) -> None:
    token = world.federation.token("alice")
    fresh = TestClient(web.app, base_url=URL)
    answer = fresh.post("/login", data={"token": token}, headers={"origin": URL}, follow_redirects=False)
    cookie = answer.headers["set-cookie"]
    assert token not in cookie
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie


def test_a_token_that_nobody_knows_begins_no_session(web: TestClient) -> None:
    for token in ("", "nonsense", "\u00e4", "x" * 5000):
        answer = web.post("/login", data={"token": token}, headers={"origin": URL}, follow_redirects=False)
        assert answer.status_code == 403
        assert "fomrepo-session" not in answer.headers.get("set-cookie", "")


@pytest.mark.parametrize("headers", [{}, {"origin": "https://evil.example"}, {"origin": "null"}])
def test_forms_of_other_pages_are_refused(web: TestClient, world: World, headers: dict[str, str]) -> None:
    answer = web.post("/login", data={"token": world.federation.token("alice")}, headers=headers)
    assert answer.status_code == 403


def test_logging_out_needs_the_secret_and_ends_the_session(alice: TestClient, world: World) -> None:
    assert alice.post("/logout", data={"secret": "x"}, headers={"origin": URL}).status_code == 403
    secret = re.search(r'name="secret" value="([^"]+)"', alice.get("/").text)
    assert secret is not None
    alice.post("/logout", data={"secret": secret[1]}, headers={"origin": URL})
    assert alice.get(f"/records/{world.private}").status_code == 404


@pytest.mark.parametrize(
    "onward", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)"]
)
def test_logging_in_leads_nowhere_else(web: TestClient, world: World, onward: str) -> None:
    fresh = TestClient(web.app, base_url=URL)
    form = {"token": world.federation.token("alice"), "onward": onward}
    answer = fresh.post("/login", data=form, headers={"origin": URL}, follow_redirects=False)
    assert answer.headers["location"] == "/desk"


def test_a_visitor_who_was_made_a_member_is_still_shown_only_what_is_public(world: World) -> None:
    from fomrepo.browser.record_view import known_record
    from fomrepo.client.repository import repository_of
    from fomrepo.errors import NotFoundError

    with repository_of(world.profile("alice")) as repo, pytest.raises(NotFoundError):
        known_record(repo, world.private, visitor=True)
