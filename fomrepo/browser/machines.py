"""For programs: everything that is on a page as JSON, a list of all pages, and all public metadata at once."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from xml.sax.saxutils import escape

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse

from fomrepo.browser import asked, pages, statistics, views
from fomrepo.browser.catalogue import FACETS, RANGES
from fomrepo.browser.library import library_of, reader_of
from fomrepo.browser.listed import Listed

#: Addresses in one sitemap, as its protocol allows.
SITEMAP_LIMIT = 50_000


def search(request: Request) -> Response:
    """What the search page shows."""
    wanted = asked.wanted_of(request.query_params)
    found = library_of(request).shelf.catalogue.find(wanted)
    following = asked.address_of(wanted, path="/api/v1/search", after=found.following) if found.following else None
    return JSONResponse(
        {
            "total": found.total,
            "records": [summary(one) for one in found.records],
            "facets": {name: dict(counts) for name, counts in found.counts.items()},
            "next": following,
        }
    )


def record(request: Request) -> Response:
    """What a record page shows."""
    view = pages.record_view(request)
    return JSONResponse(view, status_code=410 if view["withdrawn"] else 200)


def methods(request: Request) -> Response:
    """What the page of methods shows."""
    return JSONResponse({"methods": views.methods_view(reader_of(request)[0])})


def method(request: Request) -> Response:
    """What the page of a method shows."""
    version = request.query_params.get("version")
    return JSONResponse(views.method_view(reader_of(request)[0], request.path_params["name"], version))


def sites(request: Request) -> Response:
    """What the page of sites shows."""
    return JSONResponse({"sites": views.sites_view(reader_of(request)[0])})


def numbers(request: Request) -> Response:
    """What the page of statistics shows."""
    return JSONResponse(statistics.statistics_view(library_of(request).shelf.catalogue.records))


def export(request: Request) -> Response:
    """All public metadata: a line of JSON for each record."""

    def lines() -> Iterator[str]:
        for one in library_of(request).shelf.catalogue.records:
            yield json.dumps(summary(one)) + "\n"

    return StreamingResponse(lines(), media_type="application/jsonl")


def sitemap(request: Request) -> Response:
    """Addresses of all record pages, for search engines."""
    library = library_of(request)
    rows = "".join(
        f"<url><loc>{escape(f'{library.url}/records/{one.accession}')}</loc></url>"
        for one in library.shelf.catalogue.newest(SITEMAP_LIMIT)
    )
    text = f'<?xml version="1.0" encoding="UTF-8"?>\n<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{rows}</urlset>\n'
    return Response(text, media_type="application/xml")


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


def summary(one: Listed) -> dict[str, Any]:
    """Tell of a record what lists tell."""
    return {
        "accession": one.accession,
        "versioned": one.versioned,
        "title": one.title,
        "path": one.path,
        "depositor": one.owner,
        "licence": one.licence,
        "published": one.published,
        "size": one.size,
        "n_atoms": one.n_atoms,
        "n_frames": sum(run.n_frames for run in one.trajectories),
        "length_ps": one.length_ps,
        "temperature_k": one.temperature_k,
        "facets": {name: list(values) for name, values in one.facets.items()},
    }


def _operation(text: str, query: list[str], path: list[str]) -> dict[str, Any]:
    def parameter(name: str, where: str) -> dict[str, Any]:
        return {"name": name, "in": where, "required": where == "path", "schema": {"type": "string"}}

    return {
        "summary": text,
        "parameters": [parameter(one, "path") for one in path] + [parameter(one, "query") for one in query],
        "responses": {"200": {"description": "OK"}, "404": {"description": "There is nothing that you may see"}},
    }
