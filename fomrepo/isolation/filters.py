"""What a guest may ask of the kernel: two lists, one page; and what a holder may ask beyond them.

The *base* list holds from the first instruction of the guest's interpreter: enough to start Python and to import what
an environment has. The *second* list is installed by the harness when the imports are done, before any method code,
and can never be lifted: no new program, no new process (threads only), no signals, nothing opened for writing, no way
to hold a lock or watch a file that another sandbox could see.

Both lists name what is allowed; the rest answers EPERM, a foreign calling convention kills.

A *holder* opens one record's data for many calls and forks a child for each; it runs no method. It has the same two
lists with the few calls that this takes. Its children install the second list on top, as every guest does.
"""

from __future__ import annotations

import errno

from fomrepo.isolation.seccomp import Allow, AllowValues, AllowWithoutBits, Answer, Rule, compile_filter
from fomrepo.isolation.syscalls import Architecture, this_architecture

__all__ = [
    "BASE_FILTER",
    "HOLDER_BASE_FILTER",
    "HOLDER_FILTER",
    "SECOND_FILTER",
    "base_filter",
    "holder_base_filter",
    "holder_filter",
    "second_filter",
]

# --- words of the kernel's headers -----------------------------------------------------------------------------------

#: CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET: no new namespaces.
CLONE_NEW_NAMESPACES = 0x00020000 | 0x02000000 | 0x04000000 | 0x08000000 | 0x10000000 | 0x20000000 | 0x40000000
#: What glibc passes for a thread: VM, FS, FILES, SIGHAND, THREAD, SYSVSEM, SETTLS, PARENT_SETTID, CHILD_CLEARTID.
CLONE_OF_A_THREAD = 0x003D0F00
#: NEWNS, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET together, and SIGCHLD: a holder's child. The new user namespace makes
#: this possible without any capability; without it, or with another mixture, it is refused.
CLONE_OF_A_CHILD = 0x00020000 | 0x04000000 | 0x08000000 | 0x10000000 | 0x20000000 | 0x40000000 | 17
#: TCGETS (is this a terminal?), FIOCLEX, FIONCLEX (close on exec), FIONREAD. Never TIOCSTI, which types for others.
IOCTL_COMMANDS = (0x5401, 0x5451, 0x5450, 0x541B)
#: F_DUPFD, F_GETFD, F_SETFD, F_GETFL, F_SETFL, F_DUPFD_CLOEXEC. No locks, leases, notifications, seals or pipe sizes.
FCNTL_COMMANDS = (0, 1, 2, 3, 4, 1030)
#: PR_SET_NAME, PR_GET_NAME, PR_GET_NO_NEW_PRIVS, PR_SET_VMA (glibc names its arenas).
PRCTL_HARMLESS = (15, 16, 39, 0x53564D41)
PR_SET_PDEATHSIG = 1
#: Makes a memory file unwritable for good.
F_ADD_SEALS = 1033
#: MFD_CLOEXEC, MFD_ALLOW_SEALING.
MEMFD_SEALABLE = 3
#: SCHED_OTHER, SCHED_BATCH: the usual policies, neither of which takes precedence over other processes.
SCHEDULING_POLICIES = (0, 3)
PR_SET_SECCOMP, PR_CAPBSET_READ, PR_SET_NO_NEW_PRIVS = 22, 23, 38
#: NORMAL, RANDOM, SEQUENTIAL, WILLNEED, DONTNEED, FREE, HUGEPAGE, NOHUGEPAGE. Nothing that moves shared pages out.
MADVISE_ADVICE = (0, 1, 2, 3, 4, 8, 14, 15)
MADV_COLLAPSE = 25
SECCOMP_SET_MODE_FILTER = 1
#: All bits but O_CLOEXEC, O_NOCTTY, O_NONBLOCK, O_NOATIME and, on either architecture, O_DIRECTORY, O_NOFOLLOW,
#: O_LARGEFILE: what is left opens for reading only.
OPEN_OTHER_THAN_READING = 0xFFFFFFFF & ~(0o2000000 | 0o400 | 0o4000 | 0o1000000 | 0x3C000)
#: MAP_SHARED (also in MAP_SHARED_VALIDATE) and MAP_ANONYMOUS. Such memory stays when a process drops its pages, and is
#: then on nobody's account; files, which are all read-only, may be mapped shared.
SHARED_WITHOUT_FILE = (0x01, 0x20)
#: The machine's pool of huge pages is on nobody's account either.
MAP_HUGETLB = 0x40000
#: WAIT, WAKE, REQUEUE, CMP_REQUEUE, WAKE_OP, WAIT_BITSET, WAKE_BITSET with FUTEX_PRIVATE_FLAG, and the waits also with
#: FUTEX_CLOCK_REALTIME; nothing that lends priorities. A futex that is not private is a word of a file that other
#: sandboxes may have mapped too, such as a library, and who waits for it hears of them. Who joins a thread waits so, is
#: told to try again, and asks until the thread has ended.
FUTEX_OPERATIONS = (*(128 | operation for operation in (0, 1, 3, 4, 5, 9, 10)), 128 | 256, 128 | 256 | 9)
#: The guest is process 1 of its sandbox; abort() signals itself.
ITSELF = (1,)

# --- the lists -------------------------------------------------------------------------------------------------------


def _allow(*names: str) -> tuple[Rule, ...]:
    return tuple(Allow(name) for line in names for name in line.split())


#: Calls in both lists: reading, memory, threads, clocks, and talking on the one socket that was inherited.
_BOTH: tuple[Rule, ...] = (
    *_allow(
        "read write readv writev pread64 preadv lseek close dup fstat stat lstat newfstatat statx access faccessat",
        "faccessat2 readlink readlinkat getcwd getdents64 poll ppoll select pselect6",
        "munmap mprotect mremap brk set_robust_list set_tid_address rseq",
        "gettid getpid getppid getuid geteuid getgid getegid getgroups getresuid getresgid",
        "rt_sigaction rt_sigprocmask rt_sigreturn sigaltstack",
        "clock_gettime clock_getres clock_nanosleep nanosleep gettimeofday time times restart_syscall",
        "getrandom uname getrusage sched_getaffinity sched_yield getrlimit exit exit_group",
        "shutdown",
    ),
    AllowWithoutBits("mmap", 3, MAP_HUGETLB, not_together=SHARED_WITHOUT_FILE),
    AllowValues("fcntl", 1, FCNTL_COMMANDS),
    AllowValues("ioctl", 1, IOCTL_COMMANDS),
    AllowValues("madvise", 2, MADVISE_ADVICE),
    AllowValues("prlimit64", 0, (0,)),  # of itself
    AllowValues("tgkill", 0, ITSELF),
    Answer("clone3", errno.ENOSYS),  # its flags are behind a pointer, where no filter sees them: fall back to clone
    Answer("openat2", errno.ENOSYS),  # likewise
    Answer("flock", errno.ENOSYS),  # a channel between sandboxes; HDF5 goes on without it
)

BASE_FILTER: tuple[Rule, ...] = (
    *_BOTH,
    *_allow(
        "open openat pwrite64 pwritev mkdir mkdirat rmdir unlink unlinkat rename renameat renameat2 ftruncate fsync",
        "umask chmod fchmod fchmodat chdir fchdir dup2 dup3 pipe pipe2 epoll_create1 epoll_ctl epoll_wait epoll_pwait",
        "eventfd2 sysinfo getcpu get_robust_list rt_sigsuspend rt_sigtimedwait rt_sigpending",
        "execve fork vfork wait4 waitid setrlimit arch_prctl futex recvfrom sendto getsockopt getsockname",
    ),
    AllowWithoutBits("clone", 0, CLONE_NEW_NAMESPACES),
    AllowValues("prctl", 0, (*PRCTL_HARMLESS, PR_CAPBSET_READ, PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP)),
    AllowValues("seccomp", 0, (SECCOMP_SET_MODE_FILTER,)),
)

SECOND_FILTER: tuple[Rule, ...] = (
    *_BOTH,
    AllowWithoutBits("open", 1, OPEN_OTHER_THAN_READING),
    AllowWithoutBits("openat", 2, OPEN_OTHER_THAN_READING),
    AllowValues("futex", 1, FUTEX_OPERATIONS, otherwise=errno.EAGAIN),
    AllowValues("clone", 0, (CLONE_OF_A_THREAD,)),
    AllowValues("prctl", 0, PRCTL_HARMLESS),
)

#: What a holder does: take orders with descriptors (recvmsg), fork a child, settle it (its descriptors, session,
#: capabilities, filter), bury it, and fill and seal the one memory file that it made for each input at its start.
_HOLDING: tuple[Rule, ...] = (
    *_allow("recvmsg dup2 dup3 close_range setsid capset wait4 pidfd_open ftruncate"),
    AllowValues("clone", 0, (CLONE_OF_A_CHILD, CLONE_OF_A_THREAD)),
    AllowValues("madvise", 2, (*MADVISE_ADVICE, MADV_COLLAPSE)),
    AllowValues("fcntl", 1, (*FCNTL_COMMANDS, F_ADD_SEALS)),
    AllowValues("prctl", 0, (*PRCTL_HARMLESS, PR_SET_PDEATHSIG, PR_SET_NO_NEW_PRIVS)),
    AllowValues("seccomp", 0, (SECCOMP_SET_MODE_FILTER,)),
    AllowValues("sched_setscheduler", 1, SCHEDULING_POLICIES),
)


def _with(rules: tuple[Rule, ...], more: tuple[Rule, ...]) -> tuple[Rule, ...]:
    """Add rules; one about a call that has a rule takes its place."""
    replaced = {rule.syscall for rule in more}
    return (*(rule for rule in rules if rule.syscall not in replaced), *more)


HOLDER_BASE_FILTER = _with(BASE_FILTER, (*_HOLDING, AllowValues("memfd_create", 1, (MEMFD_SEALABLE,))))

HOLDER_FILTER = _with(SECOND_FILTER, _HOLDING)


def base_filter(architecture: Architecture | None = None) -> bytes:
    """Compile the list that holds from the start, for this machine unless told otherwise."""
    return compile_filter(BASE_FILTER, architecture or this_architecture())


def second_filter(architecture: Architecture | None = None) -> bytes:
    """Compile the list that holds for method code, for this machine unless told otherwise."""
    return compile_filter(SECOND_FILTER, architecture or this_architecture())


def holder_base_filter(architecture: Architecture | None = None) -> bytes:
    """Compile the list that holds for a holder from the start."""
    return compile_filter(HOLDER_BASE_FILTER, architecture or this_architecture())


def holder_filter(architecture: Architecture | None = None) -> bytes:
    """Compile the list that holds for a holder once its imports are done."""
    return compile_filter(HOLDER_FILTER, architecture or this_architecture())
