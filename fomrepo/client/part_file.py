"""A file that is on its way: its bytes so far, and marks that say up to where they are known to be right.

1. On opening, the bytes are hashed and compared with the marks. What lies behind the last mark that holds is cut off:
   after a power cut a file may have its length and not its bytes.
2. Bytes are appended. A mark is set every 64 MiB, and where the transfer ends or is interrupted.
3. The whole takes its name only if its digest is the expected one; otherwise nothing is left.
"""

from __future__ import annotations

import hashlib
import os
from contextlib import suppress
from pathlib import Path
from types import TracebackType

from fomrepo.client.results.whole_file import written

#: Bytes between two marks: what is moved again after a power cut, and small beside what a sync of the disk costs.
MARK_BYTES = 64 * 2**20

_BLOCK = 2**20


class PartFile:
    """Bytes on their way into a file; use it in a ``with`` block.

    Parameters
    ----------
    target
        Of the whole file. The part lies beside it, under its name and ``.part``.
    sha256
        What the whole must have. A part that was begun for another one is begun anew.
    """

    def __init__(self, target: Path, sha256: str) -> None:
        self._target = target
        self._sha256 = sha256
        self._path = target.with_name(f"{target.name}.part")
        self._marks_path = target.with_name(f"{target.name}.part.marks")

    def __enter__(self) -> PartFile:
        self.size, self._digest = self._verified_prefix()
        self._marked = self.size
        # First, as nothing stays of it on a full disk.
        written(self._marks_path, [f"{self._sha256}\n{self._present_mark()}".encode()], for_whom=self._target)
        self._output = self._path.open("ab", buffering=0)
        self._output.truncate(self.size)
        return self

    def append(self, data: memoryview) -> None:
        """Add bytes to the end."""
        left = data
        while left:
            left = left[self._output.write(left) :]
        self._digest.update(data)
        self.size += len(data)
        if self.size - self._marked >= MARK_BYTES:
            self._mark()

    def complete(self) -> bool:
        """Give the whole its name, if it is what was expected; otherwise throw it away."""
        alone = os.fstat(self._output.fileno()).st_size == self.size  # no program of another machine wrote here, too
        right = alone and self._digest.hexdigest() == self._sha256
        self._output.close()
        if right:
            self._path.replace(self._target)
        else:
            self._path.unlink()
        self._marks_path.unlink()
        return right

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if not self._output.closed:
            with self._output, suppress(OSError):  # on a full disk the last mark counts
                self._mark()

    def _mark(self) -> None:
        os.fsync(self._output.fileno())
        with self._marks_path.open("a") as marks:
            marks.write(self._present_mark())
            marks.flush()
            os.fsync(marks.fileno())
        self._marked = self.size

    def _present_mark(self) -> str:
        return f"{self.size} {self._digest.hexdigest()}\n"

    def _verified_prefix(self) -> tuple[int, hashlib._Hash]:
        """Length of what the marks vouch for, and its hash."""
        length, digest = 0, hashlib.sha256()
        if not (self._path.exists() and self._marks_path.exists()):
            return length, digest
        whole, *marks = self._marks_path.read_text(errors="replace").splitlines() or [""]
        if whole != self._sha256:
            return length, digest
        running = digest.copy()
        with self._path.open("rb", buffering=0) as content:
            for mark in marks:
                end, _, expected = mark.partition(" ")
                if not end.isdecimal() or int(end) < length:
                    break
                while (missing := int(end) - content.tell()) and (block := content.read(min(_BLOCK, missing))):
                    running.update(block)
                if missing or running.hexdigest() != expected:
                    break
                length, digest = int(end), running.copy()
        return length, digest
