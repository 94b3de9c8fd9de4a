"""For programs: everything that is on a page as JSON, a list of all pages, and all public metadata at once."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Any
from xml.sax.saxutils import escape

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from fomrepo.browser import asked, pages, views
from fomrepo.browser.catalogue import FACETS, RANGES
from fomrepo.browser.library import EXPORTS_LIMIT, Library, library_of, reader_of
from fomrepo.browser.listed import is_public
from fomrepo.browser.method_pages import example_told, method_told
from fomrepo.browser.method_view import methods_view
from fomrepo.browser.record_view import record_view
from fomrepo.client.whole import KnownRecord

#: Addresses in one sitemap, as its protocol allows.
SITEMAP_LIMIT = 50_000
#: How long one may be read, in seconds: who does not read any more shall not keep others waiting.
EXPORT_S = 3600.0
#: After how many seconds somebody asks again who found all of them taken.
EXPORT_PAUSE_S = 60
SITEMAP_SCHEMA = "http://www.sitemaps.org/schemas/sitemap/0.9"


def search(request: Request) -> Response:
    """What the search page finds, each record with all that is kept of it."""
    wanted = asked.wanted_of(request.query_params)
    library = library_of(request)
    found = library.shelf.catalogue.find(wanted)
    following = asked.address_of(wanted, path="/api/v1/search", after=found.following) if found.following else None
    return JSONResponse(
        {
            "total": found.total,
            "records": [*_told(library, library.visitor.whole.find([one.versioned for one in found.records]))],
            "facets": {name: dict(counts) for name, counts in found.counts.items()},
            "next": following,
        }
    )


def record(request: Request) -> Response:
    """What a record page shows."""
    view = pages.told_of(request)
    return JSONResponse(view, status_code=410 if view["withdrawn"] else 200)


def methods(request: Request) -> Response:
    """What the page of methods shows."""
    return JSONResponse({"methods": methods_view(reader_of(request)[0])})


def method(request: Request) -> Response:
    """What the page of a method shows."""
    view, told = method_told(request), example_told(request)
    address = f"{library_of(request).url}/methods/{view['name']}/example.png?version={view['version']}"
    picture = None if told["example"] is None else address
    return JSONResponse(view | {"python": told["python"], "command": told["command"], "example_picture": picture})


def sites(request: Request) -> Response:
    """What the page of sites shows."""
    return JSONResponse({"sites": views.sites_view(reader_of(request)[0])})


def numbers(request: Request) -> Response:
    """What the page of statistics shows."""
    return JSONResponse(library_of(request).shelf.statistics)


def export(request: Request) -> Response:
    """All public metadata: a line of JSON for each record, read from the sites while it is sent."""
    library = library_of(request)
    lines = (json.dumps(one) + "\n" for one in _told(library, library.visitor.whole.public()))
    return Export(lines, library.exports)


class Export(StreamingResponse):
    """An answer that is sent if few enough others are, and not for ever."""

    def __init__(self, lines: Iterator[str], exports: threading.BoundedSemaphore) -> None:
        super().__init__(lines, media_type="application/jsonl")
        self._exports = exports

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it, or tell when to ask again."""
        if not self._exports.acquire(blocking=False):
            busy = {"error": f"{EXPORTS_LIMIT} exports are under way; ask again in {EXPORT_PAUSE_S} s"}
            refusal = JSONResponse(busy, status_code=503, headers={"retry-after": str(EXPORT_PAUSE_S)})
            await refusal(scope, receive, send)
            return
        try:
            with suppress(TimeoutError):  # whoever reads notices: the answer has no end
                async with asyncio.timeout(EXPORT_S):
                    await super().__call__(scope, receive, send)
        finally:
            self._exports.release()


def sitemap(request: Request) -> Response:
    """Addresses of all record pages for search engines, or of the parts that list them."""
    library = library_of(request)
    count = len(library.shelf.catalogue.records)
    if count <= SITEMAP_LIMIT:
        return _sitemap_part(library, 0)
    rows = "".join(
        f"<sitemap><loc>{escape(f'{library.url}/sitemap-{part}.xml')}</loc></sitemap>"
        for part in range(-(-count // SITEMAP_LIMIT))
    )
    return _xml(f'<sitemapindex xmlns="{SITEMAP_SCHEMA}">{rows}</sitemapindex>')


def sitemap_part(request: Request) -> Response:
    """A part of the addresses."""
    return _sitemap_part(library_of(request), request.path_params["part"])


def robots(request: Request) -> Response:
    """What search engines shall leave alone: searches, of which there is no end."""
    return PlainTextResponse(
        f"User-agent: *\nDisallow: /search\nDisallow: /api/\nSitemap: {library_of(request).url}/sitemap.xml\n"
    )


def openapi(request: Request) -> Response:
    """Describe this interface as OpenAPI 3.1 does."""
    library = library_of(request)
    found = {
        "/search": ("Search published records", ["q", "sort", "after", "limit", *FACETS, *_BOUNDS], []),
        "/records/{name}": ("A record, by accession with or without version", [], ["name"]),
        "/methods": ("Published methods", [], []),
        "/methods/{name}": ("A method", ["version"], ["name"]),
        "/sites": ("Sites of the federation", [], []),
        "/statistics": ("Statistics of what is published", [], []),
        "/export": ("All public metadata, a line of JSON for each record", [], []),
    }
    return JSONResponse(
        {
            "openapi": "3.1.0",
            "info": {"title": f"Records of {library.federation}", "version": "1"},
            "servers": [{"url": f"{library.url}/api/v1"}],
            "paths": {path: {"get": _operation(*told)} for path, told in found.items()},
        }
    )


_BOUNDS = [f"{name}_{end}" for name in RANGES for end in ("min", "max")]


def _told(library: Library, found: Iterable[KnownRecord]) -> Iterator[dict[str, Any]]:
    """Tell what everybody may know of records that were not withdrawn."""
    methods = [one.schema for one in library.visitor.methods()]
    for one in found:
        if is_public(one.record) and one.record.withdrawn is None:
            yield record_view(one, methods, url=library.url, federation=library.federation, visitor=True)


def _sitemap_part(library: Library, part: int) -> Response:
    records = library.shelf.catalogue.records[part * SITEMAP_LIMIT :][:SITEMAP_LIMIT]
    rows = "".join(f"<url><loc>{escape(f'{library.url}/records/{one.accession}')}</loc></url>" for one in records)
    return _xml(f'<urlset xmlns="{SITEMAP_SCHEMA}">{rows}</urlset>')


def _xml(root: str) -> Response:
    return Response(f'<?xml version="1.0" encoding="UTF-8"?>\n{root}\n', media_type="application/xml")


def _operation(text: str, query: list[str], path: list[str]) -> dict[str, Any]:
    def parameter(name: str, where: str) -> dict[str, Any]:
        return {"name": name, "in": where, "required": where == "path", "schema": {"type": "string"}}

    return {
        "summary": text,
        "parameters": [parameter(one, "path") for one in path] + [parameter(one, "query") for one in query],
        "responses": {
            "200": {"description": "OK"},
            "404": {"description": "There is nothing that you may see"},
            "503": {"description": "Too much is under way, or no site answers; Retry-After may say when to ask again"},
        },
    }
