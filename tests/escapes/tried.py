"""Guest: what attacks have in common: trying many things, and telling what was gained and what was refused."""

import ctypes
import errno
import os
import platform

#: What a wall answers: not allowed, not there, no such call.
REFUSALS = ("EPERM", "EACCES", "ENOSYS", "EROFS", "ENOENT")

#: Numbers on (x86_64, aarch64).
CALLS = {
    "accept4": (288, 242), "acct": (163, 89), "add_key": (248, 217), "adjtimex": (159, 171), "arch_prctl": (158, None),
    "bind": (49, 200), "bpf": (321, 280), "cachestat": (451, 451), "capset": (126, 91), "clone": (56, 220),
    "clone3": (435, 435), "connect": (42, 203), "execve": (59, 221), "execveat": (322, 281), "fallocate": (285, 47),
    "fanotify_init": (300, 262), "fcntl": (72, 25), "finit_module": (313, 273), "fsconfig": (431, 431),
    "fsmount": (432, 432), "fsopen": (430, 430), "fspick": (433, 433), "futex": (202, 98), "futex_wait": (455, 455),
    "futex_waitv": (449, 449), "futex_wake": (454, 454), "get_mempolicy": (239, 236), "get_robust_list": (274, 100),
    "getcpu": (309, 168), "getsockname": (51, 204), "getsockopt": (55, 209), "init_module": (175, 105),
    "inotify_add_watch": (254, 27), "inotify_init1": (294, 26), "io_setup": (206, 0), "io_uring_enter": (426, 426),
    "io_uring_setup": (425, 425), "ioctl": (16, 29), "ioperm": (173, None), "iopl": (172, None),
    "ioprio_set": (251, 30), "kcmp": (312, 272), "kexec_file_load": (320, 294), "kexec_load": (246, 104),
    "keyctl": (250, 219), "landlock_add_rule": (445, 445), "landlock_create_ruleset": (444, 444),
    "landlock_restrict_self": (446, 446), "listen": (50, 201), "listmount": (458, 458), "mbind": (237, 235),
    "membarrier": (324, 283), "memfd_secret": (447, None), "migrate_pages": (256, 238), "mincore": (27, 232),
    "mlock": (149, 228), "mlock2": (325, 284), "mlockall": (151, 230), "modify_ldt": (154, None), "mount": (165, 40),
    "mount_setattr": (442, 442), "move_mount": (429, 429), "move_pages": (279, 239), "mq_notify": (244, 184),
    "mq_open": (240, 180), "msgget": (68, 186), "name_to_handle_at": (303, 264), "open_by_handle_at": (304, 265),
    "open_tree": (428, 428), "perf_event_open": (298, 241), "personality": (135, 92), "pidfd_getfd": (438, 438),
    "pidfd_open": (434, 434), "pidfd_send_signal": (424, 424), "pivot_root": (155, 41), "pkey_alloc": (330, 289),
    "prctl": (157, 167), "prlimit64": (302, 261), "process_madvise": (440, 440), "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271), "ptrace": (101, 117), "quotactl": (179, 60), "readahead": (187, 213),
    "reboot": (169, 142), "recvmsg": (47, 212), "remap_file_pages": (216, 234), "request_key": (249, 218),
    "rt_sigqueueinfo": (129, 138), "sched_setattr": (314, 274), "seccomp": (317, 277), "semget": (64, 190),
    "sendmmsg": (307, 269), "sendmsg": (46, 211), "set_mempolicy": (238, 237), "set_mempolicy_home_node": (450, 450),
    "set_thread_area": (205, None), "setfsuid": (122, 151), "setns": (308, 268), "shmat": (30, 196),
    "shmget": (29, 194), "signalfd4": (289, 74), "socket": (41, 198), "splice": (275, 76), "statmount": (457, 457),
    "swapon": (167, 224), "syncfs": (306, 267), "sysinfo": (99, 179), "syslog": (103, 116), "tee": (276, 77),
    "tgkill": (234, 131), "timer_create": (222, 107), "timerfd_create": (283, 85), "tkill": (200, 130),
    "umount2": (166, 39), "unshare": (272, 97), "uselib": (134, None), "userfaultfd": (323, 282), "vfork": (58, None),
    "vhangup": (153, 58), "vmsplice": (278, 75),
}  # fmt: skip

libc = ctypes.CDLL(None, use_errno=True)


def syscall(name, *arguments):
    """Make a system call; an OSError if it fails."""
    number = CALLS[name][platform.machine() == "aarch64"]
    if number is None:
        raise OSError(errno.ENOSYS, name)
    words = [ctypes.c_long(each - (each >> 63 << 64)) if isinstance(each, int) else each for each in arguments]
    ctypes.set_errno(0)
    result = libc.syscall(ctypes.c_long(number), *words)
    if result == -1:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result


def tried(tries, also_refused=()):
    """Try each of some things; anything but a refusal is a gain, an unexpected error included."""
    gained, refused = [], []
    for name, attempt in tries.items():
        try:
            got = attempt()
        except OSError as error:
            word = errno.errorcode.get(error.errno, str(error))
            (refused if word in (*REFUSALS, *also_refused) else gained).append(f"{name}: {word}")
        else:
            gained.append(f"{name}: {got!r}"[:200])
    return {"gained": gained, "refused": refused}


def bounded(name, one_more, ceiling, stops=(), also_refused=()):
    """Do something again and again; a gain if it can be done more often than the ceiling says."""
    count = 0
    try:
        while count <= ceiling:
            one_more()
            count += 1
    except (OSError, MemoryError, *stops) as error:
        word = errno.errorcode.get(getattr(error, "errno", 0), type(error).__name__)
        if not isinstance(error, OSError) or word in (*REFUSALS, *also_refused):
            return {"gained": [], "refused": [f"{name}: {word} after {count}"]}
        return {"gained": [f"{name}: {word} after {count}"], "refused": []}
    return {"gained": [f"{name}: {count}"], "refused": []}


def merged(*answers):
    """Join some answers to one."""
    return {key: [line for each in answers for line in each[key]] for key in ("gained", "refused")}
