import signal

from tried import syscall, tried


def attack(universe):
    return tried(
        {
            "timer": lambda: syscall("timer_create", 0, 0, bytes(8)),
            "timer descriptor": lambda: syscall("timerfd_create", 0, 0),
            "interval": lambda: signal.setitimer(signal.ITIMER_REAL, 1),
            "profile": lambda: signal.setitimer(signal.ITIMER_PROF, 1),
        }
    )
