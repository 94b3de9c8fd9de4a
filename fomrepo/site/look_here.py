"""Probes files of this machine in the sandbox, one after another: a program that ``fomrepo deposit`` starts.

It is a process of its own because root's becomes the service user for good. Its arguments are the folder that it may
read and the folder of guest environments. It is asked line by line. The first one, ``{}``, asks whether it can: the
answer is ``{"ready": true}`` or ``{"unavailable": "...", "remedy": "..."}``. Each further one asks for a file,
``{"name": "adk.dcd", "topology": "adk.psf", "brief": false}``, and is answered by ``file_type`` and ``facts``, or by
the refusal.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from shlex import quote
from typing import Any

from fomrepo.cache.store import ResultStore
from fomrepo.errors import FomrepoError
from fomrepo.installed_files import installed_folder
from fomrepo.isolation.doctor import detect_wall
from fomrepo.isolation.environment import GuestEnvironment, find_or_build_environment
from fomrepo.isolation.service_user import drop_to_service_user
from fomrepo.isolation.warden import Warden
from fomrepo.model.deposits import ExpectedFile
from fomrepo.site.probe import Probed, read_report, run_probe


def main(folder: Path, environments: str) -> None:
    """Answer until nobody asks any more."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what libraries print is no answer

    def answer(document: dict[str, Any]) -> None:
        answers.write(json.dumps(document) + "\n")
        answers.flush()

    sys.stdin.readline()
    os.environ["FOMREPO_ENVIRONMENTS"] = environments
    wall = detect_wall()
    if not wall.holds:
        answer({"unavailable": f"this machine cannot sandbox: {wall.cause}", "remedy": wall.remedy})
        return
    try:
        with _sandbox(folder) as (warden, environment, results):
            answer({"ready": True})
            known: dict[str, Probed] = {}
            for line in sys.stdin:
                answer(_looked_at(folder, json.loads(line), known, warden, environment, results))
    except FomrepoError as error:
        answer({"unavailable": error.message, "remedy": error.remedy})


@contextmanager
def _sandbox(folder: Path) -> Iterator[tuple[Warden, GuestEnvironment, ResultStore]]:
    drop_to_service_user((folder,))
    place = Path(os.environ["FOMREPO_ENVIRONMENTS"])
    environment = find_or_build_environment(installed_folder("sandbox") / "requirements.lock", place)
    warden = Warden.start()
    try:
        with tempfile.TemporaryDirectory(prefix="fomrepo-look-") as scratch:
            yield warden, environment, ResultStore(Path(scratch))
    finally:
        warden.close()


def _looked_at(
    folder: Path,
    asked: dict[str, Any],
    known: dict[str, Probed],
    warden: Warden,
    environment: GuestEnvironment,
    results: ResultStore,
) -> dict[str, Any]:
    path = folder / asked["name"]
    try:
        file = ExpectedFile(asked["name"], path.stat().st_size, asked["topology"])
        with path.open("rb"):  # not by this user: a sandbox would say it less clearly
            pass
        with results.new_blob() as (report, stream):
            topology = known.get(asked["topology"] or "")
            run_probe(warden, environment, file, path, topology, report=stream, brief=asked["brief"])
            known[file.name] = found = read_report(file, path, report)
    except OSError as error:
        said = f"{path} cannot be read: {error.strerror}"
        return {"error": "storage", "message": said, "remedy": f"chmod a+r {quote(str(path))}", "facts": {}}
    except FomrepoError as error:
        return {"error": error.code, "message": error.message, "remedy": error.remedy, "facts": error.facts}
    return {"file_type": found.file_type, "facts": dict(found.facts)}


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
