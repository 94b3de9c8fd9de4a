"""One spelling of every value: canonical JSON, digests, identifiers.

The cache key, the signed statements and the outcome container all hash or compare JSON. They agree because there is
one way to write it: keys sorted, no spaces, UTF-8, no NaN or infinity, floats as the shortest text that reads back.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import time
import uuid
from collections.abc import Iterable

#: Digits in an accession. Nine hundred thousand accessions are drawn at random, never counted.
ACCESSION_DIGITS = 6


def canonical_json(value: object) -> bytes:
    """Write a value as canonical JSON.

    Raises
    ------
    ValueError
        For NaN, infinity, or a value that JSON has no spelling for.
    """
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()


def sha256_hex(data: bytes) -> str:
    """SHA-256 of some bytes, as 64 hexadecimal digits."""
    return hashlib.sha256(data).hexdigest()


def folder_digest(files: Iterable[tuple[str, bytes]]) -> str:
    """Digest of a folder: SHA-256 over the sorted list of (relative path, digest of content).

    Independent of order, of time stamps and of how the folder was packed.
    """
    listing = sorted((path, sha256_hex(content)) for path, content in files)
    return sha256_hex(canonical_json(listing))


def is_digest(text: str) -> bool:
    """Whether a text is a SHA-256 digest in lower-case hexadecimal."""
    return len(text) == 64 and set(text) <= set("0123456789abcdef")


def new_id() -> str:
    """Draw a UUIDv7: sorts by time of creation, 74 random bits, cannot be guessed."""
    milliseconds = time.time_ns() // 1_000_000
    value = (
        (milliseconds & (2**48 - 1)) << 80 | 0x7 << 76 | secrets.randbits(12) << 64 | 0b10 << 62 | secrets.randbits(62)
    )
    return str(uuid.UUID(int=value))


def new_accession() -> str:
    """Draw an accession such as ``FOM-402917``; the caller checks that it is free."""
    lowest = 10 ** (ACCESSION_DIGITS - 1)
    return f"FOM-{lowest + secrets.randbelow(9 * lowest)}"


def new_secret(size: int = 32) -> bytes:
    """Random bytes from the operating system."""
    return os.urandom(size)
