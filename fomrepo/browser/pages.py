"""Pages to read: everything that is there without logging in, and without JavaScript."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from fomrepo.browser import asked, statistics, views
from fomrepo.browser.battery import PLOTS
from fomrepo.browser.catalogue import FACETS, ORDERS, RANGES
from fomrepo.browser.library import library_of, reader_of, session_of
from fomrepo.browser.record_view import known_record, record_view, related_view
from fomrepo.client.whole import KnownRecord

#: Releases on the first page.
NEWEST = 6


def page(request: Request, template: str, status: int = 200, **more: Any) -> Response:
    """Make a page out of a template."""
    library = library_of(request)
    more |= {"session": session_of(request), "federation": library.federation, "status": status}
    return library.templates.TemplateResponse(request, template, more, status_code=status)


def home(request: Request) -> Response:
    """Show one search box, what there is in numbers, and what is new."""
    shelf = library_of(request).shelf
    return page(request, "home.html", newest=shelf.catalogue.newest(NEWEST), table=shelf.statistics["table"])


def search(request: Request) -> Response:
    """Show what was found, and how it can be narrowed."""
    wanted = asked.wanted_of(request.query_params)
    found = library_of(request).shelf.catalogue.find(wanted)
    return page(
        request,
        "search.html",
        wanted=wanted,
        found=found,
        facets=FACETS,
        closed=("method", "site", "licence", "project"),
        ranges=RANGES,
        orders={name: label for name, (label, _, _) in ORDERS.items()},
        address=asked.address_of,
        kept=dict(asked.range_pairs(wanted.ranges)),
    )


def record(request: Request) -> Response:
    """Show a record."""
    view = told_of(request)
    runs = [one for one in view["files"] if "trajectory" in one["families"]]
    moving = next((one for one in runs if one["name"] == request.query_params.get("file")), runs[0] if runs else None)
    status = 410 if view["withdrawn"] else 200
    answer = page(request, "record.html", status=status, record=view, moving=moving, plots=PLOTS)
    answer.headers["link"] = ", ".join(links(view))
    return answer


def citation(request: Request) -> Response:
    """Give a citation in the format that the address names."""
    view = _kept_of(request)[1]["citation"]
    form = request.path_params["form"]
    if view is None or form not in ("bibtex", "ris"):
        return page(request, "error.html", status=404, message="there is no such citation")
    kind, suffix = {"bibtex": ("application/x-bibtex", "bib"), "ris": ("application/x-research-info-systems", "ris")}[
        form
    ]
    name = f"{request.path_params['name']}.{suffix}"
    return PlainTextResponse(
        view[form], media_type=kind, headers={"content-disposition": f'attachment; filename="{name}"'}
    )


def sites(request: Request) -> Response:
    """Show which sites are up, and what they can run."""
    return page(request, "sites.html", sites=views.sites_view(reader_of(request)[0]))


def numbers(request: Request) -> Response:
    """Show statistics of what is published."""
    view = library_of(request).shelf.statistics
    return page(request, "statistics.html", statistics=view)


def numbers_csv(request: Request) -> Response:
    """Give the same statistics as CSV."""
    view = library_of(request).shelf.statistics
    return PlainTextResponse(statistics.as_csv(view), media_type="text/csv")


def told_of(request: Request) -> dict[str, Any]:
    """Tell of the record that an address names, as far as whoever looks may see it."""
    known, view = _kept_of(request)
    repo, visitor = reader_of(request)
    return view | {"related": related_view(repo, known, visitor=visitor)}


def _kept_of(request: Request) -> tuple[KnownRecord, dict[str, Any]]:
    """Tell the same without the records that are related."""
    library = library_of(request)
    repo, visitor = reader_of(request)
    known = known_record(repo, request.path_params["name"], visitor=visitor)
    methods = [one.schema for one in repo.methods()]
    return known, record_view(known, methods, url=library.url, federation=library.federation, visitor=visitor)


def links(view: dict[str, Any]) -> list[str]:
    """Spell what a record is to machines that read only headers (signposting.org)."""
    url = view["url"]
    found = [f'<{url}>; rel="cite-as"', '<https://schema.org/Dataset>; rel="type"']
    found.append(f'<{url}>; rel="self"')
    api = url.replace("/records/", "/api/v1/records/")
    found.append(f'<{api}>; rel="describedby"; type="application/json"')
    if view["licence"]:
        found.append(f'<https://spdx.org/licenses/{view["licence"]}>; rel="license"')
    if view["citation"]:
        found.append(f'<{url}/bibtex>; rel="describedby"; type="application/x-bibtex"')
    return found
