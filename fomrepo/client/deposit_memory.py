"""What a folder remembers of its deposit, so that the same command finds it again: the draft, and what was sent.

It lies in the folder as ``.fomrepo-push.json``; where nobody may write there, in the user's own state folder. Losing it
costs nothing but time: a draft of the same files is found again by its key.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import platformdirs

from fomrepo.errors import FomrepoError, error_class
from fomrepo.model.canonical import sha256_hex

MEMORY_NAME = ".fomrepo-push.json"


@dataclass(frozen=True, slots=True)
class SentFile:
    """A file that a site has, as it was on this disk."""

    #: In bytes.
    size: int
    #: Last change, ns since 1970.
    mtime_ns: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Remembered:
    """What is known of the draft of a folder."""

    #: Id of the deposit; empty: there is none.
    deposit: str = ""
    #: Site that takes its bytes.
    site: str = ""
    #: Project, name and record to renew, as the draft was opened for.
    target: tuple[str, str, str] = ("", "", "")
    #: Set once the deposit is a record: accession with its version.
    accession: str = ""
    files: Mapping[str, SentFile] = field(default_factory=dict)
    #: Why the site refused a file of the draft when it last looked; None: it did not, or the draft has changed since.
    refusal: FomrepoError | None = None


class DepositMemory:
    """Memory of one folder, of one user of one federation.

    Parameters
    ----------
    folder
        The folder that is deposited.
    owner
        Federation and user, as ``local/alice``.
    """

    def __init__(self, folder: Path, owner: str) -> None:
        self._folder, self._owner = folder.absolute(), owner

    def read(self) -> Remembered:
        """Read it; what cannot be read was not remembered."""
        for path in self._places():
            try:
                found = json.loads(path.read_text("utf-8"))[self._owner]
                files = {str(name): SentFile(**one) for name, one in found.pop("files").items()}
                refusal = _refusal(found.pop("refusal", None))
                return Remembered(**{**found, "target": tuple(found["target"]), "files": files, "refusal": refusal})
            except (OSError, ValueError, KeyError, TypeError, AttributeError):
                continue
        return Remembered()

    def write(self, remembered: Remembered) -> None:
        """Write it, all or nothing; where nothing can be written, it is not remembered."""
        for path in self._places():
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
                _replace(path, {**_document(path), self._owner: _said(remembered)})
                return
            except OSError:
                continue

    def note(self, name: str, sent: SentFile) -> None:
        """Remember that a file was sent, which the site has not looked at."""
        before = self.read()
        self.write(replace(before, files={**before.files, name: sent}, refusal=None))

    def note_refusal(self, refusal: FomrepoError | None) -> None:
        """Remember why the site refused a file, or that it did not."""
        before = self.read()
        if refusal is not before.refusal:
            self.write(replace(before, refusal=refusal))

    def _places(self) -> tuple[Path, Path]:
        own = platformdirs.user_state_path("fomrepo") / "deposits"
        return self._folder / MEMORY_NAME, own / f"{sha256_hex(os.fsencode(self._folder))[:32]}.json"


def _said(remembered: Remembered) -> dict[str, Any]:
    said = asdict(replace(remembered, refusal=None))
    if (refusal := remembered.refusal) is not None:
        said["refusal"] = [refusal.code, refusal.message, refusal.remedy, dict(refusal.facts)]
    return said


def _refusal(said: Any) -> FomrepoError | None:
    if said is None:
        return None
    code, message, remedy, facts = said
    return error_class(code)(message, remedy=remedy, facts=facts)


def _document(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text("utf-8"))
    except (FileNotFoundError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _replace(path: Path, document: Mapping[str, Any]) -> None:
    descriptor, fresh = tempfile.mkstemp(dir=path.parent, prefix=f"{MEMORY_NAME}-")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(document, file)
            file.flush()
            os.fsync(file.fileno())
        Path(fresh).replace(path)
    except BaseException:
        Path(fresh).unlink(missing_ok=True)
        raise
