"""The heaps that threads of one process share."""

from __future__ import annotations

import subprocess
import sys

import pytest

from fomrepo.site.heaps import HEAPS

THREADS = """
import ctypes, re, sys, threading
from fomrepo.site.heaps import keep_few_heaps

libc = ctypes.CDLL(None)
libc.malloc.restype = libc.fopen.restype = ctypes.c_void_p
if sys.argv[1] == "few":
    keep_few_heaps()
together = threading.Barrier(8)

def take():
    libc.malloc(100_000)
    together.wait()

threads = [threading.Thread(target=take) for _ in range(8)]
[one.start() for one in threads]
[one.join() for one in threads]
told = ctypes.c_void_p(libc.fopen(sys.argv[2].encode(), b"w"))
libc.malloc_info(0, told)
libc.fclose(told)
print(open(sys.argv[2]).read().count("<heap nr="))
"""


@pytest.mark.parametrize(("how_many", "few"), [("few", True), ("many", False)])
def test_threads_share_few_heaps(how_many: str, few: bool, tmp_path) -> None:
    told = subprocess.run(
        [sys.executable, "-c", THREADS, how_many, str(tmp_path / "heaps.xml")],
        capture_output=True,
        text=True,
        check=True,
    )
    assert (int(told.stdout) <= HEAPS) is few
