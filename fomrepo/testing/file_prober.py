"""Asks the guest about files, many in a second: for tests of file types, and behind no wall.

A process of the guest environment runs the probes and the loaders that a site would run. A file that ends it, by a
crash, a hang or a hunger for memory, is told as such, and the next one is asked of a new process.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fomrepo.installed_files import installed_folder
from fomrepo.isolation.environment import default_environments_folder, find_or_build_environment
from fomrepo.isolation.launch import Respondent, start_respondent


@dataclass(frozen=True, slots=True)
class Probed:
    """What a probe said of a file."""

    #: ``ok``, ``refused``, ``failed``: the probe itself raised, or ``ended``: its process did not survive.
    status: str
    #: Facts of an accepted file.
    facts: Mapping[str, Any]
    #: Why it was refused: one of the reasons of docs/outcome-format.md.
    reason: str
    #: The refusal, the failure, or how the process ended.
    message: str
    #: Container with the frame offsets; None where the format needs none.
    offsets: bytes | None = None


class FileProber:
    """A process that probes and opens files.

    Parameters
    ----------
    probes
        Folder ``deposition``; the installed one if not given.
    """

    def __init__(self, probes: Path | None = None) -> None:
        #: Folder of the probes.
        self.probes = probes or installed_folder("deposition")
        self._folder = tempfile.TemporaryDirectory(prefix="fomrepo-file-types-")
        self._process: Respondent | None = None
        #: Where mutants may be written.
        self.folder = Path(self._folder.name)

    def probe(self, path: Path, name: str, topology: Mapping[str, Any] | None = None) -> Probed:
        """Probe a file as if it was deposited under a name.

        Parameters
        ----------
        path, name
            Where it lies, and what it is called.
        topology
            ``type``, ``name`` and ``n_atoms`` of its topology, or None.
        """
        answer = self._ask({"path": str(path), "name": name, "topology": topology})
        if "ended" in answer:
            return Probed("ended", {}, "", answer["ended"])
        outcome, offsets = answer["outcome"], answer["offsets"]
        return Probed(
            outcome["status"],
            outcome.get("facts", {}),
            outcome.get("reason", ""),
            outcome.get("message", ""),
            None if offsets is None else bytes.fromhex(offsets),
        )

    def open(self, family: str, files: tuple[Mapping[str, Any], ...]) -> Mapping[str, Any]:
        """Open an input as methods get it.

        Returns
        -------
        Mapping
            ``n_atoms``, ``n_frames``, ``n_rows``, ``columns``, ``shape``, ``dtype`` or ``n_lines``, as the family has
            them, counted by reading all of it; or ``error`` with a sentence.
        """
        answer = self._ask({"name": "input", "family": family, "files": files})
        if "ended" in answer:
            return {"error": answer["ended"]}
        opened: Mapping[str, Any] = answer.get("opened", answer)
        return opened

    def begin_anew(self) -> None:
        """End the process: damaged files may have damaged its memory."""
        self._end()

    def close(self) -> None:
        """End the process and delete the folder."""
        self._end()
        self._folder.cleanup()

    def _ask(self, question: Mapping[str, Any]) -> Mapping[str, Any]:
        process = self._process = self._process or self._start()
        answer: Mapping[str, Any]
        if line := process.ask(json.dumps(question).encode()):
            answer = json.loads(line)
        else:
            answer = {"ended": f"ended with status {self._end()}"}
        return answer

    def _start(self) -> Respondent:
        lock = installed_folder("sandbox") / "requirements.lock"
        environment = find_or_build_environment(lock, default_environments_folder())
        program = installed_folder("sandbox") / "answer_about_files.py"
        return start_respondent(
            (
                *(str(environment.python), "-I", "-B", "-S"),
                *(str(program), str(self.probes.parent), str(environment.packages)),
            ),
            errors=self.folder / "errors.log",
        )

    def _end(self) -> int:
        process, self._process = self._process, None
        return process.end() if process is not None else 0
