"""Guest: tries to get out of the sandbox in as many ways as it knows, and says what happened.

Host counterpart: fomrepo/isolation/doctor.py. Started bare, without packages, as the only program of a sandbox. First
the attempts are made under the base filter, then again under the second one, as method code would make them. One JSON
line an attempt goes to descriptor 3: ``["name", "what was tried", held, "detail"]``.
"""

import ctypes
import errno
import json
import mmap
import os
import resource
import signal
from collections.abc import Callable
from typing import Any

HOST_DESCRIPTOR = 3
SECOND_FILTER = "/harness/second-filter.bpf"

#: Whether the wall held, and what was seen.
Verdict = tuple[bool, str]

#: Whether the second filter is installed.
second = False

libc = ctypes.CDLL(None, use_errno=True)
machine = os.uname().machine

#: Numbers on (x86_64, aarch64).
CALLS = {
    "socket": (41, 198), "socketpair": (53, 199), "mount": (165, 40), "pivot_root": (155, 41), "chroot": (161, 51),
    "unshare": (272, 97), "setns": (308, 268), "clone": (56, 220), "clone3": (435, 435), "ptrace": (101, 117),
    "process_vm_readv": (310, 270), "add_key": (248, 217), "keyctl": (250, 219), "io_uring_setup": (425, 425),
    "bpf": (321, 280), "perf_event_open": (298, 241), "userfaultfd": (323, 282), "kexec_load": (246, 104),
    "init_module": (175, 105), "setuid": (105, 146), "ioctl": (16, 29), "inotify_init1": (294, 26),
    "fcntl": (72, 25), "flock": (73, 32), "shmget": (29, 194), "msgget": (68, 186), "mq_open": (240, 180),
    "memfd_create": (319, 279), "timer_create": (222, 107), "mincore": (27, 232), "cachestat": (451, 451),
    "personality": (135, 92), "open_by_handle_at": (304, 265), "name_to_handle_at": (303, 264), "reboot": (169, 142),
    "mknodat": (259, 33), "kill": (62, 129), "tgkill": (234, 131), "execve": (59, 221), "openat": (257, 56),
    "openat2": (437, 437), "prctl": (157, 167), "seccomp": (317, 277), "sendmsg": (46, 211), "splice": (275, 76),
    "quotactl": (179, 60), "fanotify_init": (300, 262), "pidfd_open": (434, 434), "pidfd_getfd": (438, 438),
    "syslog": (103, 116), "clock_settime": (227, 112), "getcpu": (309, 168), "sysinfo": (99, 179),
    "mmap": (9, 222), "futex": (202, 98), "getsockopt": (55, 209), "sendto": (44, 206),
}  # fmt: skip
REFUSALS = (errno.EPERM, errno.EACCES, errno.ENOSYS)


def call(name: str, *arguments: Any) -> int:
    """Make a system call; the result, or minus the error number."""
    ctypes.set_errno(0)
    words = [ctypes.c_long(each) if isinstance(each, int) else each for each in arguments]
    result = libc.syscall(ctypes.c_long(CALLS[name][machine == "aarch64"]), *words)
    return -ctypes.get_errno() if result == -1 else result


def refused(name: str, *arguments: Any) -> Verdict:
    """Whether a call was refused before it looked at its arguments."""
    result = call(name, *arguments)
    if result < 0:
        return -result in REFUSALS, errno.errorcode.get(-result, str(-result))
    return False, f"it answered {result}"


def absent(*paths: str) -> Verdict:
    """Whether none of these paths is there."""
    there = [path for path in paths if os.path.lexists(path)]
    return not there, f"there: {', '.join(there)}" if there else "not there"


def not_written(path: str) -> Verdict:
    """Whether a file cannot be made."""
    try:
        with open(path, "wb"):
            return False, f"{path} was written"
    except OSError as error:
        return True, errno.errorcode[error.errno or 0]


def killed(attack: Callable[[], None]) -> Verdict:
    """Whether a child that does this is killed for a forbidden call."""
    child = os.fork()  # noqa: TID251 - a guest, which may try
    if child == 0:
        attack()
        os._exit(0)
    _, status = os.waitpid(child, 0)
    by = os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
    return by == signal.SIGSYS, f"ended by signal {by}" if by else "it went on"


def thirty_two_bit_call() -> None:
    """Call getpid by the 32-bit convention: mov eax, 20; int 0x80; ret."""
    private = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS
    page = mmap.mmap(-1, 4096, flags=private, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    page.write(b"\xb8\x14\x00\x00\x00\xcd\x80\xc3")
    ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(page)))()


def x32_call() -> None:
    """Call getpid by the x32 convention."""
    libc.syscall(ctypes.c_long(0x40000000 + 39))


def descriptors() -> Verdict:
    """Whether only the three standard descriptors and the one to the host are open."""
    is_open = []
    for number in range(resource.getrlimit(resource.RLIMIT_NOFILE)[0]):
        try:
            os.fstat(number)
            is_open.append(number)
        except OSError:
            pass
    return is_open == [0, 1, 2, HOST_DESCRIPTOR], f"open: {is_open}"


def environment() -> Verdict:
    """Whether no environment variable comes from outside."""
    known = {"HOME", "LANG", "LD_LIBRARY_PATH", "MPLCONFIGDIR", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "PWD"}
    more = sorted(set(os.environ) - known - {"PYTHONHASHSEED", "LC_CTYPE"})
    return not more, f"more: {', '.join(more)}" if more else "only its own"


def nobody() -> Verdict:
    """Whether all user and group ids are nobody's."""
    ids = set(os.getresuid() + os.getresgid()) | set(os.getgroups())
    return ids == {65534}, f"ids: {sorted(ids)}"


def capabilities() -> Verdict:
    """Whether no capability can be had again."""
    if second:
        return True, "tried before the second filter"
    kept = [number for number in range(41) if libc.prctl(23, number, 0, 0, 0) == 1]
    return not kept, f"kept: {kept}" if kept else "none"


def alone() -> Verdict:
    """Whether it is the first process of its own namespace, with no parent in sight."""
    return os.getpid() == 1 and os.getppid() == 0, f"process {os.getpid()}, parent {os.getppid()}"


def limits() -> Verdict:
    """Whether the kernel's limits are set."""
    zero = {"RLIMIT_CORE": 0, "RLIMIT_MEMLOCK": 0, "RLIMIT_MSGQUEUE": 0}
    finite = ("RLIMIT_AS", "RLIMIT_CPU", "RLIMIT_NPROC", "RLIMIT_NOFILE", "RLIMIT_FSIZE")
    now = {name: resource.getrlimit(getattr(resource, name))[1] for name in (*zero, *finite)}
    wrong = [name for name in now if now[name] == resource.RLIM_INFINITY or now[name] != zero.get(name, now[name])]
    return not wrong, f"not set: {', '.join(wrong)}" if wrong else "set"


def devices() -> Verdict:
    """Whether /dev holds two harmless devices."""
    found = sorted(os.listdir("/dev"))
    return found == ["null", "urandom"], f"/dev: {', '.join(found)}"


def programs() -> Verdict:
    """Whether there is no other program than the interpreter."""
    found = [
        os.path.join(folder, name)
        for folder in ("/bin", "/sbin", "/usr/bin", "/usr/sbin", "/usr/local/bin")
        if os.path.isdir(folder)
        for name in os.listdir(folder)
    ]
    others = [path for path in found if "python" not in path]
    return not others, f"others: {', '.join(others)}" if others else "the interpreter alone"


def host_name() -> Verdict:
    """Whether the machine's name is hidden."""
    return os.uname().nodename == "guest", f"its name is {os.uname().nodename}"


def small_temporary_folder() -> Verdict:
    """Whether /tmp is full after a few MiB."""
    if second:
        return True, "tried before the second filter"
    written = 0
    try:
        for number in range(64):
            with open(f"/tmp/{number}", "wb") as file:  # noqa: S108 - the sandbox's own
                written += file.write(bytes(2**19))
    except OSError as error:
        return True, f"{errno.errorcode[error.errno or 0]} after {written // 2**10} KiB"
    return False, f"{written // 2**10} KiB were written"


def lock() -> Verdict:
    """Whether a lock that another sandbox could see is refused."""
    file = os.open(SECOND_FILTER, os.O_RDONLY)
    result = call("fcntl", file, 6, ctypes.create_string_buffer(64))
    os.close(file)
    return -result in REFUSALS, errno.errorcode.get(-result, f"it answered {result}")


def lease() -> Verdict:
    """Whether a lease, by which another sandbox's reading could be seen, is refused."""
    file = os.open(SECOND_FILTER, os.O_RDONLY)
    result = refused("fcntl", file, 1024, 0)
    os.close(file)
    return result


def shared_words() -> Verdict:
    """Whether a word of memory that other sandboxes may have mapped is not even looked at."""
    result = call("futex", NULL, 0, 0, NULL, NULL, 0)
    return result == -errno.EAGAIN, errno.errorcode.get(-result, f"it answered {result}")


def weaker_filter() -> Verdict:
    """Whether the process cannot leave seccomp again."""
    return refused("prctl", 21 if not second else 22, 0, 0, 0, 0)


NEW_USER = 0x10000000  # CLONE_NEWUSER
Canary = tuple[str, str, Callable[[], Verdict]]
NULL = 0

#: (name, what is tried, how). A call's arguments would do harm, or succeed harmlessly, were it not refused.
BOTH: tuple[Canary, ...] = (
    ("internet", "open a TCP socket", lambda: refused("socket", 2, 1, 0)),
    ("internet6", "open a UDP socket over IPv6", lambda: refused("socket", 10, 2, 0)),
    ("unix-socket", "open a local socket, also an abstract one", lambda: refused("socket", 1, 1, 0)),
    ("netlink", "ask the kernel about the network", lambda: refused("socket", 16, 3, 0)),
    ("raw-packets", "open a packet socket", lambda: refused("socket", 17, 3, 0)),
    ("vsock", "open a socket to the hypervisor", lambda: refused("socket", 40, 1, 0)),
    ("socketpair", "make a pair of sockets", lambda: refused("socketpair", 1, 1, 0, ctypes.create_string_buffer(8))),
    ("descriptor-passing", "send a descriptor to the host", lambda: refused("sendmsg", HOST_DESCRIPTOR, NULL, 0)),
    ("mount", "mount a file system", lambda: refused("mount", b"none", b"/tmp", b"tmpfs", 0, NULL)),
    ("pivot-root", "change the root", lambda: refused("pivot_root", b"/", b"/tmp")),
    ("chroot", "change the root by chroot", lambda: refused("chroot", b"/tmp")),
    ("user-namespace", "make a user namespace", lambda: refused("unshare", NEW_USER)),
    ("clone-namespace", "clone into a user namespace", lambda: refused("clone", NEW_USER | 17, NULL, NULL, NULL, NULL)),
    ("clone3", "clone with flags that no filter sees", lambda: refused("clone3", NULL, 0)),
    ("enter-namespace", "enter a namespace", lambda: refused("setns", HOST_DESCRIPTOR, 0)),
    ("ptrace", "trace a process", lambda: refused("ptrace", 0, 0, NULL, NULL)),
    ("process-memory", "read a process's memory", lambda: refused("process_vm_readv", 1, NULL, 0, NULL, 0, 0)),
    ("pidfd", "take hold of a process", lambda: refused("pidfd_open", 1, 0)),
    ("pidfd-descriptor", "take a process's descriptor", lambda: refused("pidfd_getfd", HOST_DESCRIPTOR, 0, 0)),
    ("keyring", "put a key into the kernel's keyring", lambda: refused("add_key", b"user", b"k", b"v", 1, -2)),
    ("keyctl", "read the kernel's keyring", lambda: refused("keyctl", 0, -2, 0)),
    ("io-uring", "make calls by io_uring", lambda: refused("io_uring_setup", 1, ctypes.create_string_buffer(120))),
    ("bpf", "load a kernel program", lambda: refused("bpf", 0, NULL, 0)),
    ("perf", "watch the processor", lambda: refused("perf_event_open", NULL, 0, -1, -1, 0)),
    ("userfaultfd", "hold the kernel at a page fault", lambda: refused("userfaultfd", 0)),
    ("kexec", "load another kernel", lambda: refused("kexec_load", 0, 0, NULL, 0)),
    ("kernel-module", "load a kernel module", lambda: refused("init_module", NULL, 0, b"")),
    ("reboot", "reboot", lambda: refused("reboot", 0, 0, 0, NULL)),
    ("clock", "set the clock", lambda: refused("clock_settime", 0, NULL)),
    ("kernel-log", "read the kernel's log", lambda: refused("syslog", 3, NULL, 0)),
    ("become-root", "set the user id to root", lambda: refused("setuid", 0)),
    ("terminal", "type into the terminal (TIOCSTI)", lambda: refused("ioctl", 0, 0x5412, b"x")),
    ("terminal-high-bits", "the same with high bits set", lambda: refused("ioctl", 0, 0x100005412, b"x")),
    ("inotify", "watch files", lambda: refused("inotify_init1", 0)),
    ("fanotify", "watch the file system", lambda: refused("fanotify_init", 0, 0)),
    ("file-lock", "lock a file that others see", lock),
    ("flock", "lock a file by flock", lambda: refused("flock", HOST_DESCRIPTOR, 1)),
    ("lease", "lease a file that others see", lease),
    ("shared-memory", "make System V shared memory", lambda: refused("shmget", 0, 4096, 0o1600)),
    ("message-queue", "make a System V message queue", lambda: refused("msgget", 0, 0o1600)),
    ("posix-queue", "make a POSIX message queue", lambda: refused("mq_open", b"q", 0o102, 0o600, NULL)),
    ("hidden-memory", "make a memory file", lambda: refused("memfd_create", b"m", 0)),
    ("shared-pages", "share memory that no file has", lambda: refused("mmap", NULL, 4096, 3, 0x21, -1, 0)),
    ("timers", "make a timer", lambda: refused("timer_create", 0, NULL, ctypes.create_string_buffer(8))),
    ("page-cache", "see which pages are cached", lambda: refused("mincore", 0, 0, NULL)),
    ("page-cache-2", "see it by cachestat", lambda: refused("cachestat", 0, NULL, NULL, 0)),
    ("personality", "change the personality", lambda: refused("personality", 0x0040000)),
    ("file-handle", "open a file by handle", lambda: refused("open_by_handle_at", HOST_DESCRIPTOR, NULL, 0)),
    ("file-handle-name", "make a file handle", lambda: refused("name_to_handle_at", -100, b"/", NULL, NULL, 0)),
    ("device", "make a device", lambda: refused("mknodat", -100, b"/tmp/d", 0o60600, 0x0100)),
    ("quota", "ask for quotas", lambda: refused("quotactl", 0x80000700, NULL, 0, NULL)),
    ("splice", "move pages between files", lambda: refused("splice", -1, NULL, -1, NULL, 0, 0)),
    ("open-by-struct", "open with flags that no filter sees", lambda: refused("openat2", -100, b"/tmp", NULL, 0)),
    ("kill-others", "signal all processes", lambda: refused("kill", -1, 0)),
    ("lift-the-filter", "leave seccomp", weaker_filter),
    ("host-files", "see the host's files", lambda: absent("/etc", "/home", "/root", "/var", "/mnt", "/run", "/srv")),
    ("kernel-files", "see /proc and /sys", lambda: absent("/proc", "/sys")),
    ("programs", "find a shell or a tool", programs),
    ("write-root", "write into the root", lambda: not_written("/x")),
    ("write-harness", "write beside the harness", lambda: not_written("/harness/x")),
    ("write-library", "write into the standard library", lambda: not_written(os.path.dirname(os.__file__) + "/x.py")),
    ("shared-memory-folder", "use /dev/shm", lambda: not_written("/dev/shm/x")),  # noqa: S108 - if it were there
    ("devices", "find another device", devices),
    ("descriptors", "find an inherited descriptor", descriptors),
    ("variables", "find the host's environment variables", environment),
    ("identity", "be somebody", nobody),
    ("capabilities", "keep a capability", capabilities),
    ("processes", "see another process", alone),
    ("limits", "find a limit that is not set", limits),
    ("host-name", "learn the machine's name", host_name),
    ("temporary-folder", "fill the memory by /tmp", small_temporary_folder),
)
#: These are what the base filter leaves, so that Python can start; the second one takes them away.
SECOND_ONLY: tuple[Canary, ...] = (
    ("new-program", "start a program", lambda: refused("execve", b"/usr/bin/python3", NULL, NULL)),
    ("new-process", "make a process", lambda: refused("clone", 17, NULL, NULL, NULL, NULL)),
    ("write-temporary", "open a file for writing", lambda: refused("openat", -100, b"/tmp/x", 0o101, 0o600)),
    ("unnamed-file", "open an unnamed file", lambda: refused("openat", -100, b"/tmp", 0o20200002, 0o600)),
    ("another-filter", "install another filter", lambda: refused("seccomp", 1, 0, NULL)),
    ("machine-load", "see the machine's memory and load", lambda: refused("sysinfo", ctypes.create_string_buffer(256))),
    ("processor", "see which processor it runs on", lambda: refused("getcpu", NULL, NULL, NULL)),
    ("signal-others", "signal a thread of another process", lambda: refused("tgkill", 2, 2, 0)),
    ("socket-peer", "ask the socket for its other end", lambda: refused("getsockopt", HOST_DESCRIPTOR, 1, 77, NULL, 0)),
    ("out-of-band", "send out-of-band data", lambda: refused("sendto", HOST_DESCRIPTOR, b"x", 1, 1, NULL, 0)),
    ("shared-words", "wait for a word that others see", shared_words),
)
BASE_ONLY: tuple[Canary, ...] = (
    ("32-bit-calls", "call by the 32-bit convention", lambda: killed(thirty_two_bit_call)),
    ("x32-calls", "call by the x32 convention", lambda: killed(x32_call)),
)  # both filters check it; a killed process can only be looked at by a parent, which needs the base one


def install_second_filter() -> None:
    """Install the stricter filter, as the harness does."""
    with open(SECOND_FILTER, "rb") as file:
        program = ctypes.create_string_buffer(file.read())
    length = (len(program) - 1) // 8

    class Program(ctypes.Structure):
        _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_void_p))

    if libc.prctl(38, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "PR_SET_NO_NEW_PRIVS")
    if call("seccomp", 1, 0, ctypes.byref(Program(length, ctypes.addressof(program)))) != 0:
        raise OSError(ctypes.get_errno(), "the second filter was refused")


def attempt(canaries: tuple[Canary, ...]) -> None:
    """Try each and tell the host."""
    for name, tried, how in canaries:
        try:
            held, detail = how()
        except Exception as error:
            held, detail = False, f"the canary itself failed: {error!r}"
        os.write(HOST_DESCRIPTOR, json.dumps([name, tried, held, detail]).encode() + b"\n")


attempt(BOTH + (BASE_ONLY if machine == "x86_64" else ()))
install_second_filter()
second = True
attempt(BOTH + SECOND_ONLY)
