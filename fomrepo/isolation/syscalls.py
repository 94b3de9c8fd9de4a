"""Numbers of the system calls that the filters name, per architecture.

From the kernel's ``asm/unistd_64.h`` (x86_64) and ``asm-generic/unistd.h`` (aarch64). None: the architecture has no
such call, and needs none, because it has the newer one with ``at`` in its name.
"""

from __future__ import annotations

import platform
from dataclasses import dataclass

from fomrepo.errors import SandboxUnavailableError

__all__ = ["ARCHITECTURES", "SYSCALLS", "Architecture", "this_architecture"]


@dataclass(frozen=True, slots=True)
class Architecture:
    """What a filter has to know of a processor architecture."""

    #: As ``platform.machine()`` says.
    machine: str
    #: AUDIT_ARCH_* of the native calling convention, from ``linux/audit.h``. Any other convention is foreign.
    audit_token: int
    #: Column of ``SYSCALLS``.
    column: int
    #: Calls from this number on use a second, foreign convention (x32 on x86_64).
    foreign_from: int | None

    def number(self, syscall: str) -> int | None:
        """Return the number of a call, None if this architecture has no such call."""
        return SYSCALLS[syscall][self.column]


ARCHITECTURES = {
    "x86_64": Architecture("x86_64", 0xC000003E, column=0, foreign_from=0x40000000),
    "aarch64": Architecture("aarch64", 0xC00000B7, column=1, foreign_from=None),
}

#: Calls up to this number existed when the lists were written. A newer one answers ENOSYS, so C libraries fall back.
NEWEST_CONSIDERED = 467


def this_architecture() -> Architecture:
    """Architecture of this machine.

    Raises
    ------
    SandboxUnavailableError
        There is no table for this architecture, so its calls cannot be filtered.
    """
    machine = platform.machine()
    if machine not in ARCHITECTURES:
        raise SandboxUnavailableError(
            f"system calls cannot be filtered on {machine}: there is no table for it",
            remedy="serve methods from a machine with an x86_64 or aarch64 processor",
            facts={"machine": machine},
        )
    return ARCHITECTURES[machine]


#: Name -> number on (x86_64, aarch64).
SYSCALLS: dict[str, tuple[int | None, int | None]] = {
    "read": (0, 63),
    "write": (1, 64),
    "readv": (19, 65),
    "writev": (20, 66),
    "pread64": (17, 67),
    "pwrite64": (18, 68),
    "preadv": (295, 69),
    "pwritev": (296, 70),
    "lseek": (8, 62),
    "close": (3, 57),
    "fstat": (5, 80),
    "stat": (4, None),
    "lstat": (6, None),
    "newfstatat": (262, 79),
    "statx": (332, 291),
    "access": (21, None),
    "faccessat": (269, 48),
    "faccessat2": (439, 439),
    "readlink": (89, None),
    "readlinkat": (267, 78),
    "getcwd": (79, 17),
    "chdir": (80, 49),
    "fchdir": (81, 50),
    "open": (2, None),
    "openat": (257, 56),
    "openat2": (437, 437),
    "creat": (85, None),
    "getdents64": (217, 61),
    "mkdir": (83, None),
    "mkdirat": (258, 34),
    "rmdir": (84, None),
    "unlink": (87, None),
    "unlinkat": (263, 35),
    "rename": (82, None),
    "renameat": (264, 38),
    "renameat2": (316, 276),
    "ftruncate": (77, 46),
    "fsync": (74, 82),
    "umask": (95, 166),
    "chmod": (90, None),
    "fchmod": (91, 52),
    "fchmodat": (268, 53),
    "dup": (32, 23),
    "dup2": (33, None),
    "dup3": (292, 24),
    "pipe": (22, None),
    "pipe2": (293, 59),
    "poll": (7, None),
    "ppoll": (271, 73),
    "select": (23, None),
    "pselect6": (270, 72),
    "epoll_create1": (291, 20),
    "epoll_ctl": (233, 21),
    "epoll_wait": (232, None),
    "epoll_pwait": (281, 22),
    "eventfd2": (290, 19),
    "fcntl": (72, 25),
    "ioctl": (16, 29),
    "flock": (73, 32),
    "mmap": (9, 222),
    "munmap": (11, 215),
    "mprotect": (10, 226),
    "mremap": (25, 216),
    "madvise": (28, 233),
    "brk": (12, 214),
    "futex": (202, 98),
    "set_robust_list": (273, 99),
    "get_robust_list": (274, 100),
    "set_tid_address": (218, 96),
    "rseq": (334, 293),
    "gettid": (186, 178),
    "getpid": (39, 172),
    "getppid": (110, 173),
    "getuid": (102, 174),
    "geteuid": (107, 175),
    "getgid": (104, 176),
    "getegid": (108, 177),
    "getgroups": (115, 158),
    "getresuid": (118, 148),
    "getresgid": (120, 150),
    "rt_sigaction": (13, 134),
    "rt_sigprocmask": (14, 135),
    "rt_sigreturn": (15, 139),
    "rt_sigsuspend": (130, 133),
    "rt_sigtimedwait": (128, 137),
    "rt_sigpending": (127, 136),
    "sigaltstack": (131, 132),
    "tgkill": (234, 131),
    "clock_gettime": (228, 113),
    "clock_getres": (229, 114),
    "clock_nanosleep": (230, 115),
    "nanosleep": (35, 101),
    "gettimeofday": (96, 169),
    "time": (201, None),
    "times": (100, 153),
    "restart_syscall": (219, 128),
    "getrandom": (318, 278),
    "uname": (63, 160),
    "sysinfo": (99, 179),
    "getrusage": (98, 165),
    "sched_getaffinity": (204, 123),
    "sched_yield": (24, 124),
    "getcpu": (309, 168),
    "execve": (59, 221),
    "fork": (57, None),
    "vfork": (58, None),
    "clone": (56, 220),
    "clone3": (435, 435),
    "wait4": (61, 260),
    "waitid": (247, 95),
    "exit": (60, 93),
    "exit_group": (231, 94),
    "arch_prctl": (158, None),
    "prctl": (157, 167),
    "seccomp": (317, 277),
    "getrlimit": (97, 163),
    "setrlimit": (160, 164),
    "prlimit64": (302, 261),
    "recvfrom": (45, 207),
    "sendto": (44, 206),
    "getsockopt": (55, 209),
    "getsockname": (51, 204),
    "shutdown": (48, 210),
    "recvmsg": (47, 212),
    "close_range": (436, 436),
    "setsid": (112, 157),
    "capset": (126, 91),
    "pidfd_open": (434, 434),
    "sched_setscheduler": (144, 119),
    "memfd_create": (319, 279),
}
