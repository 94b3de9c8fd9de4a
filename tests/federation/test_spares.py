"""The first call on a file runs in what was a spare sandbox, where a site keeps one."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from fomrepo.testing import LocalFederation
from tests.federation.records import TRAJECTORY, deposit_adk

#: A second of rest, half a second of imports, and a machine under heavy load.
SPARE_TIMEOUT_S = 60.0


def test_a_spare_serves_the_first_call_on_a_file(bubblewrap: Path, open_folder: Callable[[], Path]) -> None:
    with LocalFederation(open_folder(), sites=("site-a",), slots=2, spares=True) as federation:
        log = federation.home / "site.log"
        with federation.connect() as repo:
            file = deposit_adk(repo)[TRAJECTORY]
            deadline = time.monotonic() + SPARE_TIMEOUT_S
            while not logged(log, "spare") and time.monotonic() < deadline:
                time.sleep(0.05)
            answer = file.rmsd(stop=5)
            assert (len(answer.rmsd), answer.provenance.way) == (5, "hot")
        (holder,) = logged(log, "holder")
        assert holder["spare"] is True


def logged(log: Path, event: str) -> list[dict[str, Any]]:
    """Lines of a site's log about something."""
    lines = (json.loads(line) for line in log.read_text().splitlines() if line.startswith("{"))
    return [line for line in lines if line["event"] == event]
