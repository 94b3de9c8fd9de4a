"""Guest: installs the second seccomp filter, after the imports and before any byte of data is read.

Host counterpart: fomrepo/isolation/seccomp compiles the filter; this module only hands its bytes to the kernel.
"""

from __future__ import annotations

import ctypes
import os

PR_SET_NO_NEW_PRIVS = 38  # linux/prctl.h
SECCOMP_SET_MODE_FILTER = 1  # linux/seccomp.h
SECCOMP_FILTER_FLAG_TSYNC = 1  # all threads of the process, or none
SECCOMP_SYSCALL = {"x86_64": 317, "aarch64": 277}
INSTRUCTION_BYTES = 8  # struct sock_filter
INSTRUCTIONS_LIMIT = 4096  # BPF_MAXINSNS


class _Program(ctypes.Structure):
    """The kernel's `struct sock_fprog`."""

    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_char_p))


def install_second_filter(path: str) -> None:
    """Install the filter that lies in `path` on every thread of this process; raises as the two functions below."""
    install_filter(read_filter(path))


def read_filter(path: str) -> bytes:
    """Return the compiled BPF that lies in a file.

    Raises
    ------
    ValueError
        The file is no whole number of BPF instructions.
    """
    with open(path, "rb") as file:
        program = file.read(INSTRUCTIONS_LIMIT * INSTRUCTION_BYTES + 1)
    length, rest = divmod(len(program), INSTRUCTION_BYTES)
    if rest or not 0 < length <= INSTRUCTIONS_LIMIT:
        raise ValueError(f"{path}: {len(program)} bytes are no BPF program")
    return program


def install_filter(program: bytes) -> None:
    """Install compiled BPF on every thread of this process.

    Raises
    ------
    OSError
        The kernel refused the filter. The run must not go on.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "PR_SET_NO_NEW_PRIVS was refused")
    number = SECCOMP_SYSCALL[os.uname().machine]
    argument = _Program(len(program) // INSTRUCTION_BYTES, program)
    if libc.syscall(number, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, ctypes.byref(argument)) != 0:
        raise OSError(ctypes.get_errno(), "the kernel refused the second filter")
