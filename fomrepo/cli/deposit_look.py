"""Looks at files on this machine, in the same sandbox as a site would, where that is possible."""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from fomrepo.errors import error_class

if TYPE_CHECKING:
    from fomrepo.client.deposit_answers import CheckedFile

#: Looks at a file of the folder, with its topology if it has one.
Look: TypeAlias = "Callable[[str, str], CheckedFile]"


@contextmanager
def looking_here(folder: Path, say: Callable[[str], None], *, brief: bool = False) -> Iterator[Look | None]:
    """Give what looks at files of a folder; None, after saying why, where this machine cannot sandbox.

    ``brief``: for their types and atoms, which is not all that a deposit needs.
    """
    if sys.platform != "linux":
        say("only Linux can sandbox; nothing was looked at here")
        yield None
        return
    from fomrepo.client.deposit_answers import CheckedFile
    from fomrepo.isolation.environment import default_environments_folder
    from fomrepo.isolation.launch import start_respondent

    program = (sys.executable, "-P", "-m", "fomrepo.site.look_here")
    with tempfile.TemporaryDirectory(prefix="fomrepo-look-") as scratch:
        errors = Path(scratch) / "errors.log"
        process = start_respondent(
            (*program, str(folder.absolute()), str(default_environments_folder())), errors=errors
        )

        def ask(question: dict[str, Any]) -> dict[str, object]:
            answer: dict[str, object] = json.loads(process.ask(json.dumps(question).encode()) or b"{}")
            return answer

        def look(name: str, topology: str) -> CheckedFile:
            answer = ask({"name": name, "topology": topology, "brief": brief})
            if "file_type" in answer:
                facts = answer["facts"]
                return CheckedFile(name, str(answer["file_type"]), facts if isinstance(facts, dict) else {})
            kind = error_class(str(answer.get("error", "internal")))
            facts = answer.get("facts")
            return CheckedFile(
                name,
                refusal=kind(
                    str(answer.get("message", f"looking at {name} ended without an answer")),
                    remedy=str(answer["remedy"]) if answer.get("remedy") else None,
                    facts=facts if isinstance(facts, dict) else {},
                ),
            )

        try:
            answer = ask({})
            if "ready" in answer:
                yield look
            else:
                words = errors.read_text(errors="replace").splitlines() or ["fomrepo's site part does not start"]
                say(f"{answer.get('unavailable') or words[-1]}; nothing was looked at here")
                yield None
        finally:
            process.end()
