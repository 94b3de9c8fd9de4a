"""Starting processes: the only module that does.

Three kinds are started: a tool that answers and ends (pip, ldd), the warden, and a sandbox. What a child inherits is
named each time: all descriptors of this program are closed on exec unless they are listed here.
"""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from fomrepo.installed_files import package_place

__all__ = [
    "Program", "Respondent", "ToolAnswer", "run_module", "run_tool", "start_module", "start_program",
    "start_respondent", "start_sandbox",
]  # fmt: skip

#: What tools and the warden get of the environment: no tokens, no passwords, no database addresses.
PLAIN_ENVIRONMENT = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8"}

#: Where a new interpreter finds this package, whether it is installed or lies in a checkout.
_OWN_MODULES = {"PYTHONPATH": str(package_place())}

#: Above all descriptor numbers that a child is given, so that no copy overwrites a source.
HIGH_DESCRIPTOR = 64


@dataclass(frozen=True, slots=True)
class ToolAnswer:
    """What a tool said."""

    #: Exit status; negative: ended by that signal; 127: not installed; 124: it took too long.
    status: int
    stdout: str
    stderr: str


def run_tool(
    arguments: tuple[str, ...],
    *,
    timeout_s: float,
    keep_environment: bool = False,
    more: Mapping[str, str] = MappingProxyType({}),
) -> ToolAnswer:
    """Run a tool to its end, without a shell and without input.

    Parameters
    ----------
    arguments
        Program and arguments; the program is looked up in PATH.
    timeout_s
        After this many seconds it is killed.
    keep_environment
        Hand over this process's environment variables, for tools that people configure by them (pip).
    more
        Further environment variables.
    """
    try:
        done = subprocess.run(
            arguments,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=timeout_s,
            env={**(os.environ if keep_environment else PLAIN_ENVIRONMENT), **more},
            check=False,
        )
    except FileNotFoundError:
        return ToolAnswer(127, "", f"{arguments[0]} is not installed")
    except subprocess.TimeoutExpired:
        return ToolAnswer(124, "", f"{arguments[0]} did not end within {timeout_s:g} s")
    return ToolAnswer(done.returncode, done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace"))


def run_module(module: str, *, timeout_s: float) -> ToolAnswer:
    """Run one of this package's modules to its end, as a tool."""
    return run_tool((sys.executable, "-P", "-m", module), timeout_s=timeout_s, more=_OWN_MODULES)


def start_module(module: str, arguments: tuple[str, ...], *, inherited: int) -> subprocess.Popen[bytes]:
    """Start one of this package's modules as a process of its own, which inherits one descriptor besides stderr.

    It is in a session of its own, so that an interrupt at the terminal reaches the site alone.
    """
    return subprocess.Popen(
        (sys.executable, "-P", "-m", module, *arguments),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        pass_fds=(inherited,),
        env={**PLAIN_ENVIRONMENT, **_OWN_MODULES},
        cwd="/",
        start_new_session=True,
    )


class Program:
    """A long-running program of this package, started by a test or a demonstration."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process
        self.pid = process.pid

    @property
    def ended(self) -> bool:
        """Whether it has ended."""
        return self._process.poll() is not None

    def wait(self, timeout_s: float) -> int:
        """Wait until it ends; returns its exit status.

        Raises
        ------
        TimeoutError
            If it does not end in time.
        """
        try:
            return self._process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            raise TimeoutError(f"process {self.pid} did not end within {timeout_s:g} s") from None


def start_program(module: str, arguments: tuple[str, ...], *, output: Path, more: Mapping[str, str]) -> Program:
    """Start one of this package's modules as a process of its own, with this process's environment variables.

    Parameters
    ----------
    module, arguments
        As for ``python -m``.
    output
        File that gets what it writes to stdout and stderr.
    more
        Further environment variables.
    """
    with output.open("ab") as log:
        process = subprocess.Popen(
            (sys.executable, "-P", "-m", module, *arguments),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            env={**os.environ, **_OWN_MODULES, **more},
            start_new_session=True,
        )
    return Program(process)


class Respondent:
    """A program that is asked line by line on its stdin and answers on its stdout."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process

    def ask(self, line: bytes) -> bytes:
        """Send a line, without its end, and return the line that comes back; empty if the program has ended instead."""
        assert self._process.stdin is not None  # noqa: S101 - it was started with pipes
        assert self._process.stdout is not None  # noqa: S101 - it was started with pipes
        self._process.stdin.write(line + b"\n")
        self._process.stdin.flush()
        return self._process.stdout.readline()

    def end(self) -> int:
        """Close its stdin, and return its exit status once it has ended; negative: ended by that signal."""
        self._process.communicate()
        return self._process.returncode


def start_respondent(arguments: tuple[str, ...], *, errors: Path) -> Respondent:
    """Start a tool that answers line by line.

    Parameters
    ----------
    arguments
        Program and arguments.
    errors
        File that gets what it writes to stderr.
    """
    with errors.open("ab") as log:
        process = subprocess.Popen(
            arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, env=PLAIN_ENVIRONMENT, cwd="/"
        )
    return Respondent(process)


def start_sandbox(arguments: tuple[str, ...], inherited: Mapping[int, int]) -> int:
    """Start a sandbox and return its process id; whoever calls must wait for it, on the same thread.

    The kernel ends the sandbox when the *thread* that started it ends (``--die-with-parent``).

    Parameters
    ----------
    arguments
        Absolute path of the program, then its arguments.
    inherited
        Descriptor number in the child -> descriptor here. Nothing else is inherited.
    """
    with _moved_up(inherited) as sources:
        return os.posix_spawn(
            arguments[0],
            arguments,
            PLAIN_ENVIRONMENT,
            file_actions=[
                *((os.POSIX_SPAWN_CLOSE, number) for number in _left_open_on_exec()),
                *((os.POSIX_SPAWN_DUP2, source, number) for number, source in sources.items()),
            ],
            setpgroup=0,
            setsigmask=(),
            setsigdef=(signal.SIGPIPE, signal.SIGINT, signal.SIGTERM),
        )


def _left_open_on_exec() -> list[int]:
    """Descriptors that this program got from whoever started it and that it would hand on."""
    numbers = [int(name) for name in os.listdir("/proc/self/fd")]
    return [number for number in numbers if number > 2 and _is_open_and_inheritable(number)]


def _is_open_and_inheritable(number: int) -> bool:
    try:
        return os.get_inheritable(number)
    except OSError:  # the listing's own
        return False


@contextmanager
def _moved_up(inherited: Mapping[int, int]) -> Iterator[dict[int, int]]:
    """Copy the sources to high numbers, and close the copies afterwards."""
    sources: dict[int, int] = {}
    try:
        for number, source in inherited.items():
            sources[number] = fcntl.fcntl(source, fcntl.F_DUPFD_CLOEXEC, HIGH_DESCRIPTOR)
        yield sources
    finally:
        for source in sources.values():
            os.close(source)
