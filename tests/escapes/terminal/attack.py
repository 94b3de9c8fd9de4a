import fcntl
import termios

from tried import syscall, tried


def attack(universe):
    return tried(
        {
            "stdin": lambda: fcntl.ioctl(0, termios.TIOCSTI, b"x"),
            "stdout": lambda: fcntl.ioctl(1, termios.TIOCSTI, b"x"),
            "high bits": lambda: syscall("ioctl", 0, 1 << 32 | termios.TIOCSTI, b"x"),
            "console": lambda: fcntl.ioctl(0, 0x541C, b"\x03"),
            "take a terminal": lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
            "open it": lambda: open("/dev/tty", "rb"),
        }
    )
