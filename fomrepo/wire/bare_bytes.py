"""A message that begins with one large field of bytes, as it travels: without the copies that protobuf makes of it.

On the wire nothing differs. The bytes are written in one copy, behind their length, and read as a view of what came in.
"""

from __future__ import annotations

#: Of each byte of a length, seven bits are number; the eighth says that more follow. Five bytes spell 4 GiB.
_NUMBER, _MORE, _LONGEST = 0x7F, 0x80, 5


def spelled(tag: bytes, data: bytes | memoryview) -> bytes:
    """Spell a message whose field ``tag``, one byte of number and kind, holds these bytes."""
    return b"".join((head(tag, len(data)), data))


def head(tag: bytes, length: int) -> bytes:
    """Spell what stands before the bytes of a field: its tag, and their number."""
    spelling = bytearray(tag)
    while length > _NUMBER:
        spelling.append(length & _NUMBER | _MORE)
        length >>= 7
    spelling.append(length)
    return bytes(spelling)


def first_bytes(tag: bytes, message: memoryview) -> tuple[memoryview, memoryview] | None:
    """View of the bytes that a message begins with, and of what follows; None if it begins with another field."""
    if message[:1] != tag:
        return None
    length = 0
    for place, byte in enumerate(message[1 : 1 + _LONGEST]):
        length |= (byte & _NUMBER) << 7 * place
        if byte & _MORE == 0:
            begin, end = place + 2, place + 2 + length
            return (message[begin:end], message[end:]) if end <= len(message) else None
    return None


def bytes_in(tag: bytes, message: bytes) -> memoryview | None:
    """View of the bytes of a message that holds nothing else; None for any other one."""
    found = first_bytes(tag, memoryview(message))
    return found[0] if found is not None and not found[1] else None
