"""Lock files of guest environments: exact packages with their hashes, and nothing else."""

from __future__ import annotations

import re

from fomrepo.errors import BundleRefusedError

#: Most bytes of a lock: a thousand packages with a dozen hashes each.
LOCK_LIMIT_BYTES = 2 * 2**20

#: ``numpy==2.4.6 ; python_version >= "3.11" --hash=sha256:... --hash=sha256:...``
_REQUIREMENT = re.compile(
    r"[A-Za-z0-9][A-Za-z0-9._-]*(\[[A-Za-z0-9,._ -]+\])?==[A-Za-z0-9.!+_]+(\s*;[^#]*?)?(\s+--hash=sha256:[0-9a-f]{64})+"
)


def check_lock(lock: bytes) -> bytes:
    """Return a lock file if all that it says is which packages, in which version, with which hashes.

    Raises
    ------
    BundleRefusedError
        If a line says anything else, such as where packages come from; the message names the line.
    """
    if len(lock) > LOCK_LIMIT_BYTES:
        raise BundleRefusedError(
            f"the lock has {len(lock)} bytes, {LOCK_LIMIT_BYTES} are allowed", remedy="leave out what no method imports"
        )
    try:
        text = lock.decode()
    except UnicodeDecodeError:
        raise BundleRefusedError("the lock is no text", remedy="write one: uv pip compile --generate-hashes") from None
    found = 0
    number, joined = 0, ""
    for number, line in enumerate(text.splitlines(), 1):
        bare = re.sub(r"(^|\s)#.*", "", line).rstrip()
        joined += bare.removesuffix("\\").strip() + " "
        if bare.endswith("\\"):
            continue
        requirement, joined = joined.strip(), ""
        if not requirement:
            continue
        if not _REQUIREMENT.fullmatch(requirement):
            raise _wrong(number, requirement)
        found += 1
    if joined.strip() or not found:
        raise _wrong(number, joined.strip() or "nothing")
    return lock


def _wrong(number: int, line: str) -> BundleRefusedError:
    return BundleRefusedError(
        f"line {number} of the lock says {line[:120]!r}, and not which package with which hashes",
        remedy="write it with: uv pip compile --generate-hashes --no-emit-index-url --no-annotate",
        facts={"line": str(number)},
    )
