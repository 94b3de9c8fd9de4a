"""A message that holds one field of bytes and nothing else, as it travels: without the copies that protobuf makes.

On the wire nothing differs. The bytes are written in one copy, behind their length, and read as a view of what came in.
"""

from __future__ import annotations

#: Of each byte of a length, seven bits are number; the eighth says that more follow. Five bytes spell 4 GiB.
_NUMBER, _MORE, _LONGEST = 0x7F, 0x80, 5


def spelled(tag: bytes, data: bytes | memoryview) -> bytes:
    """Spell a message whose field ``tag``, one byte of number and kind, holds these bytes."""
    length, left = bytearray(), len(data)
    while left > _NUMBER:
        length.append(left & _NUMBER | _MORE)
        left >>= 7
    length.append(left)
    return b"".join((tag, length, data))


def bytes_in(tag: bytes, message: bytes) -> memoryview | None:
    """View of the bytes of a message that is spelled as :func:`spelled` does; None for any other one."""
    if not message.startswith(tag):
        return None
    length = 0
    for place, byte in enumerate(message[1 : 1 + _LONGEST]):
        length |= (byte & _NUMBER) << 7 * place
        if byte & _MORE == 0:
            begin = place + 2
            return memoryview(message)[begin:] if begin + length == len(message) else None
    return None
