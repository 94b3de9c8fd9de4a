"""Pages of methods: what there is, what each computes, for whom it was checked, and an example."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from fomrepo.browser.library import library_of, reader_of
from fomrepo.browser.method_view import method_view, methods_view
from fomrepo.browser.pages import page
from fomrepo.browser.prose import prose
from fomrepo.browser.snippets import Asked, command_of, python_of
from fomrepo.errors import NotFoundError


def methods(request: Request) -> Response:
    """List the published methods."""
    return page(request, "methods.html", methods=methods_view(reader_of(request)[0]))


def method(request: Request) -> Response:
    """Show a method."""
    view = method_told(request)
    return page(request, "method.html", method=view, readme=prose(view["readme"]), **example_told(request))


def example(request: Request) -> Response:
    """Show the example of a method alone, as soon as it is made."""
    return page(request, "example.html", method=method_told(request), **example_told(request))


def example_picture(request: Request) -> Response:
    """Give the picture of an example as PNG."""
    found = example_told(request)["example"]
    look = "dark" if request.query_params.get("scheme") == "dark" else "light", "narrow" in request.query_params
    if found is None or look not in found.pictures:
        raise NotFoundError(f"there is no picture of {request.path_params['name']}")
    return Response(found.pictures[look], media_type="image/png")


def method_told(request: Request) -> dict[str, Any]:
    """Tell of the method that an address names."""
    name, version = request.path_params["name"], request.query_params.get("version")
    return method_view(reader_of(request)[0], library_of(request).papers, name, version)


def example_told(request: Request) -> dict[str, Any]:
    """Example of the method that an address names, and how it is asked for."""
    name, version = request.path_params["name"], request.query_params.get("version")
    found, made = library_of(request).examples.example(name, version)
    if found is not None:
        return {"example": found, "made": made, "python": python_of(found.asked), "command": command_of(found.asked)}
    schema = reader_of(request)[0].method(name, version).schema
    others = tuple("FOM-402917.v1/OTHER" for _ in schema.inputs[1:])
    required = {one.name: f"<{one.name}>" for one in schema.parameters if one.required}
    asked = Asked("FOM-402917.v1", "FILE", name, schema.version, others, required)
    return {"example": None, "made": made, "python": python_of(asked), "command": command_of(asked)}
