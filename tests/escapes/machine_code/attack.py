import ctypes
import mmap
import platform

from tried import tried

PERSONALITY = b"\xb8\x87\x00\x00\x00\xbf\xff\xff\xff\xff\x0f\x05\xc3"  # mov eax, 135; mov edi, -1; syscall; ret
GETCPU = b"\xb8\x35\x01\x00\x00\x31\xff\x31\xf6\x31\xd2\x0f\x05\xc3"  # mov eax, 309; edi = esi = edx = 0; syscall; ret

pages = []


def run(code):
    if platform.machine() != "x86_64":
        raise PermissionError(1, "the code is of another machine")
    private = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS
    page = mmap.mmap(-1, 4096, flags=private, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    pages.append(page)
    page.write(code)
    result = ctypes.CFUNCTYPE(ctypes.c_long)(ctypes.addressof(ctypes.c_char.from_buffer(page)))()
    if result < 0:
        raise OSError(-result, "by machine code")
    return result


def attack(universe):
    return tried({"personality": lambda: run(PERSONALITY), "processor": lambda: run(GETCPU)})
