"""Everything on a page is there for programs too."""

from __future__ import annotations

import asyncio
import json
import threading
from contextlib import suppress
from typing import Any

import pytest
from starlette.requests import ClientDisconnect
from starlette.testclient import TestClient
from starlette.types import Message

from fomrepo.browser.application import reading_pages
from fomrepo.browser.library import EXPORTS_LIMIT
from fomrepo.browser.machines import EXPORT_PAUSE_S, Export
from tests.browser.conftest import World

#: Pages to read whose content is JSON elsewhere, and where; those that are missing here are files, not pages.
SAID_AGAIN = {
    "/": "/statistics",
    "/search": "/search",
    "/records/{name}": "/records/{name}",
    "/methods": "/methods",
    "/methods/{name}": "/methods/{name}",
    "/sites": "/sites",
    "/statistics": "/statistics",
}
#: Parts of pages, and what is JSON, a picture, a file for programs, or the viewer's frame by itself.
NO_PAGES = (
    "/records/{name}/", "/viewer", "/methods/{name}/example", "/statistics.csv", "/sitemap", "/robots.txt",
)  # fmt: skip
#: What every page knows, and what only says how a page is drawn.
DRAWN = {
    "request", "session", "federation", "status", "moving", "plots", "wanted", "facets", "closed", "ranges", "orders",
    "address", "kept", "readme", "example", "made",
}  # fmt: skip


def told(web: TestClient, page: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """What the template of a page is given, as JSON has it, and what programs get instead."""
    kind = next(one for one in SAID_AGAIN if one == page or ("{name}" in one and page.startswith(one[:-6])))
    context = web.get(page).context  # type: ignore[attr-defined] # of the test client
    name = page.rpartition("/")[2]
    given = {key: value for key, value in context.items() if key not in DRAWN}
    return given, web.get("/api/v1" + SAID_AGAIN[kind].replace("{name}", name)).json()


def plain(value: Any) -> Any:
    """Return a value as JSON has it."""
    return json.loads(json.dumps(value))


def test_every_page_has_its_counterpart() -> None:
    paths = {route.path for route in reading_pages()}
    assert {one for one in paths if not one.startswith(NO_PAGES)} == {*SAID_AGAIN}


def test_programs_get_all_that_pages_show(web: TestClient, world: World) -> None:
    for name in (world.adk, world.hostile):
        given, said = told(web, f"/records/{name}")
        assert plain(given) == {"record": said}
    for page in ("/methods", "/statistics"):
        given, said = told(web, page)
        assert plain(given) == (said if page == "/methods" else {"statistics": said})
    given, said = told(web, "/methods/rmsd")
    assert plain(given["method"]) | {one: given[one] for one in ("python", "command")} == {
        key: value for key, value in said.items() if key != "example_picture"
    }
    given, said = told(web, "/sites")
    assert [{*one} for one in given["sites"]] == [{*one} for one in said["sites"]]
    given, said = told(web, "/")
    assert plain(given["table"]) == said["table"]
    assert {*given} == {"newest", "table"}


def test_a_search_gives_whole_records(web: TestClient, world: World) -> None:
    given, said = told(web, "/search")
    assert {*given} == {"found"}
    assert said["total"] == given["found"].total
    assert said["facets"] == {name: dict(counts) for name, counts in given["found"].counts.items()}
    assert [one["versioned"] for one in said["records"]] == [one.versioned for one in given["found"].records]
    by_accession = {one["accession"]: one for one in said["records"]}
    page = web.get(f"/api/v1/records/{world.adk}").json()
    assert by_accession[world.adk] == {key: value for key, value in page.items() if key != "related"}


def test_the_export_has_every_public_record_whole(web: TestClient, world: World) -> None:
    lines = {one["accession"]: one for one in map(json.loads, web.get("/api/v1/export").text.splitlines())}
    assert {world.adk, world.hostile} <= {*lines}
    assert {world.private, world.withdrawn}.isdisjoint(lines)
    page = web.get(f"/api/v1/records/{world.adk}").json()
    assert lines[world.adk] == {key: value for key, value in page.items() if key != "related"}
    assert [(one["versioned"], one["state"]) for one in page["versions"]] == [(f"{world.adk}.v1", "published")]
    assert page["versions"][0]["deposited"] <= page["versions"][0]["published"]


def test_no_more_exports_than_the_limit_are_under_way(web: TestClient) -> None:
    exports = web.app.state.library.exports  # type: ignore[attr-defined] # of the application
    for _ in range(EXPORTS_LIMIT):
        assert exports.acquire(blocking=False)
    answer = web.get("/api/v1/export")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, str(EXPORT_PAUSE_S))
    assert answer.json() == {"error": f"{EXPORTS_LIMIT} exports are under way; ask again in {EXPORT_PAUSE_S} s"}
    exports.release(EXPORTS_LIMIT)
    for _ in range(EXPORTS_LIMIT + 1):  # what was sent holds up nobody
        assert web.get("/api/v1/export").status_code == 200


@pytest.mark.parametrize("failing", [OSError("the reader has gone"), TimeoutError()])
def test_an_export_that_is_not_read_to_its_end_makes_room(failing: Exception) -> None:
    async def send(message: Message) -> None:
        if message["type"] == "http.response.body":
            raise failing

    async def receive() -> Message:
        return await asyncio.Future()

    exports = threading.BoundedSemaphore(1)
    answer = Export(iter(["{}\n"]), exports)
    scope = {"type": "http", "asgi": {"spec_version": "2.4"}}
    with suppress(ClientDisconnect):
        asyncio.run(answer(scope, receive, send))
    assert exports.acquire(blocking=False)
