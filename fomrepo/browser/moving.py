"""What makes a trajectory move in the page: the picture's files, which frames they show, and plots beside it."""

from __future__ import annotations

from typing import Any

import numpy as np
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from fomrepo.browser import views
from fomrepo.browser.battery import PICTURE, PLOTS, StillRunning
from fomrepo.browser.library import library_of, reader_of
from fomrepo.browser.listed import is_public
from fomrepo.browser.pages import page
from fomrepo.browser.safety import VIEWER_POLICY
from fomrepo.client.remote_file import RemoteFile
from fomrepo.client.results.result import Result
from fomrepo.errors import NotFoundError

#: Points of a line that are sent; of longer ones every n-th, which a screen cannot show anyway.
POINTS_LIMIT = 4_000


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


def line(request: Request) -> Response:
    """Give a plot of the battery."""
    method = request.path_params["method"]
    if method not in PLOTS:
        raise NotFoundError(f"there is no plot of {method} to look at; run it from its form")
    result = _result(request, method)
    if isinstance(result, StillRunning):
        return _again()
    return JSONResponse(line_of(result))


def line_of(result: Result) -> dict[str, Any]:
    """Points of a TimeSeries: ``x`` in its unit, a list of ``y`` for each field, and the index of each frame."""
    fields = {name: np.asarray(value) for name, value in result.to_dict().items() if name not in ("times", "frames")}
    step = -(-len(result.frames) // POINTS_LIMIT) or 1
    return {
        "title": result.schema.summary,
        "method": f"{result.method} {result.version}",
        "x": _numbers(result.times[::step]),
        "x_unit": result.units["times"],
        "frames": np.asarray(result.frames)[::step].tolist(),
        "lines": [
            {"name": name, "unit": result.units[name], "y": _numbers(value[::step])}
            for name, value in fields.items()
            if value.ndim == 1 and value.dtype.kind in "fiu" and len(value) == len(result.frames)
        ],
    }


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


def _numbers(values: np.ndarray[Any, Any]) -> list[float | None]:
    """Numbers as JSON has them: what is not finite is None."""
    return [float(one) if np.isfinite(one) else None for one in values]


def _again() -> Response:
    return JSONResponse({"state": "running"}, status_code=202, headers={"retry-after": "1"})
