"""What makes a trajectory move in the page: the picture's files, which frames they show, and plots beside it."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from fomrepo.browser import views
from fomrepo.browser.battery import PICTURE, PLOTS, StillRunning
from fomrepo.browser.library import library_of, reader_of
from fomrepo.browser.lines import line_plots, points_of
from fomrepo.browser.listed import is_public
from fomrepo.browser.pages import page
from fomrepo.browser.safety import VIEWER_POLICY
from fomrepo.browser.still import still_of
from fomrepo.client.remote_file import RemoteFile
from fomrepo.client.results.result import Result
from fomrepo.errors import NotFoundError

#: How often a still picture is asked for before a browser is told to come again; each waits two seconds.
STILL_TRIES = 5


def viewer(request: Request) -> Response:
    """Give the viewer's frame."""
    answer = page(request, "viewer.html")
    answer.headers["content-security-policy"] = VIEWER_POLICY
    answer.headers["x-frame-options"] = "SAMEORIGIN"
    return answer


def told(request: Request) -> Response:
    """Which frames the picture shows, and what of the system."""
    result = _result(request, PICTURE)
    if isinstance(result, StillRunning):
        return _again()
    return JSONResponse(
        {
            "frames": result.frame_indices.tolist(),
            "times": result.frame_times.tolist(),
            "unit": result.units["frame_times"],
            "detail": result.detail,
            "stripped": result.stripped,
        }
    )


def structure(request: Request) -> Response:
    """Give the PDB file of the picture: the names."""
    result = _result(request, PICTURE)
    return _again() if isinstance(result, StillRunning) else PlainTextResponse(result.pdb)


def frames(request: Request) -> Response:
    """Give the DCD file of the picture: the frames."""
    result = _result(request, PICTURE)
    if isinstance(result, StillRunning):
        return _again()
    return Response(result.dcd.tobytes(), media_type="application/octet-stream")


def still(request: Request) -> Response:
    """Give a picture of the first frame, drawn here: for browsers without WebGL, and without scripts.

    Without scripts nobody asks again, so it waits longer than the others.
    """
    for _ in range(STILL_TRIES):
        result = _result(request, PICTURE)
        if not isinstance(result, StillRunning):
            break
    return _again() if isinstance(result, StillRunning) else Response(still_of(result.pdb), media_type="image/png")


def line(request: Request) -> Response:
    """Give a plot of the battery."""
    method = request.path_params["method"]
    if method not in PLOTS:
        raise NotFoundError(f"there is no plot of {method} to look at; run it from its form")
    result = _result(request, method)
    return _again() if isinstance(result, StillRunning) else JSONResponse(points_of(result, line_plots(result)[0]))


def _result(request: Request, method: str) -> Result | StillRunning:
    """Result on the file that the address names, for whoever looks."""
    repo, visitor = reader_of(request)
    record = views.readable_record(repo, request.path_params["name"], visitor=visitor)
    file: RemoteFile = record[request.path_params["file"]]
    if is_public(record):
        public = library_of(request).visitor[record.versioned][file.name]
        return library_of(request).battery.result(public, method)
    found: Result = file.methods[method]()
    return found


def _again() -> Response:
    return JSONResponse({"state": "running"}, status_code=202, headers={"retry-after": "1"})
