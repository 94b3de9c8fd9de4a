"""What a guest may see: one page; a holder sees the same, but for the method.

Nothing is visible but what is listed here. There is no /proc, /sys, /etc, /usr or shell, no network, no other process,
no environment variable, no descriptor but the one socket. Everything is read-only but a small /tmp.
"""

from __future__ import annotations

import re
import stat
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from fomrepo.installed_files import installed_folder
from fomrepo.isolation.environment import GuestEnvironment
from fomrepo.isolation.interpreter import Interpreter
from fomrepo.isolation.limits import RunLimits
from fomrepo.isolation.orders import HoldOrder, InputFile, RunOrder

__all__ = ["Bind", "GuestPolicy", "bare_policy", "guest_policy", "holder_policy"]

#: Where the compiled second filter lies inside.
SECOND_FILTER_PATH = "/harness/second-filter.bpf"

#: Where the compiled filter of a holder lies inside a holder.
HOLDER_FILTER_PATH = "/harness/holder-filter.bpf"

#: The outer world's nobody; as every guest has it, it tells nothing.
NOBODY = 65534

#: The only devices. Not /dev/zero: mapped shared, it is memory that is on nobody's account.
DEVICES = ("/dev/null", "/dev/urandom")

#: Environment variables of every guest. One thread in the linear algebra: runs share the processors by runs, not by
#: threads. A fixed hash seed: equal questions get equal bytes.
VARIABLES = (
    ("HOME", "/tmp"),  # noqa: S108 - the sandbox's own
    ("LANG", "C.UTF-8"),
    ("MPLCONFIGDIR", "/tmp"),  # noqa: S108 - the sandbox's own
    ("OMP_NUM_THREADS", "1"),
    ("OPENBLAS_NUM_THREADS", "1"),
    ("PYTHONHASHSEED", "0"),
)

#: Folders in which the dynamic linker looks by itself, also where it is Debian's, which adds one for the architecture.
LINKER_FOLDERS = re.compile(r"(/usr)?/lib(64)?(/[a-z0-9_]+-linux-gnu)?")


@dataclass(frozen=True, slots=True)
class Bind:
    """A file or folder of the host that is visible inside, read-only."""

    #: Absolute path on the host, no symbolic link.
    source: Path
    #: Absolute path inside.
    inside: str


@dataclass(frozen=True, slots=True)
class GuestPolicy:
    """Everything that one guest sees."""

    #: Read-only; no destination lies below another, so nothing is ever mounted inside a stranger's folder.
    binds: tuple[Bind, ...]
    #: Folders inside a bind that are covered by an empty one.
    covered: tuple[str, ...]
    #: Environment variables, all of them.
    variables: tuple[tuple[str, str], ...]
    #: Size of /tmp.
    tmp_bytes: int
    #: The guest's program and its arguments.
    program: tuple[str, ...]
    #: Size of a writable /in, for files that are handed over later; 0: none.
    room_bytes: int = 0
    #: A holder may make namespaces for its children, and has the filters for that.
    kind: Literal["guest", "holder"] = "guest"


def guest_policy(order: RunOrder) -> GuestPolicy:
    """Policy of a method or a probe: the harness, the one bundle, the files of this run, and nothing else.

    Raises
    ------
    ValueError
        An input is not a regular file, or two inputs have one name.
    """
    binds = [
        Bind(installed_folder("sandbox"), "/harness/sandbox"),
        Bind(order.environment.packages, "/env"),
    ]
    if order.task == "probe":
        binds.append(Bind(installed_folder("deposition"), "/harness/deposition"))
    if order.method_folder is not None:
        binds.append(Bind(order.method_folder.resolve(strict=True), "/method"))
    binds += _data(order.inputs)
    return _on_interpreter(_interpreter(order.environment), binds, "/harness/sandbox/start.py", order.limits)


def holder_policy(order: HoldOrder) -> GuestPolicy:
    """Policy of a holder and its children: the harness and the files of one record. Methods come as text.

    A spare has room for the files in their place: nothing can be bound when it is made.

    Raises
    ------
    ValueError
        As ``guest_policy``.
    """
    binds = [
        Bind(installed_folder("sandbox"), "/harness/sandbox"),
        Bind(order.environment.packages, "/env"),
        *_data(order.inputs),
    ]
    policy = _on_interpreter(_interpreter(order.environment), binds, "/harness/sandbox/start.py", order.limits)
    return replace(policy, room_bytes=order.room_bytes, kind="holder")


def bare_policy(interpreter: Interpreter, program: Path, limits: RunLimits) -> GuestPolicy:
    """Policy of a single program file without packages or data: the canaries."""
    return _on_interpreter(interpreter, [Bind(program, "/harness/program.py")], "/harness/program.py", limits)


def _interpreter(environment: GuestEnvironment) -> Interpreter:
    return Interpreter(environment.python, environment.standard_library, environment.libraries)


def _data(inputs: tuple[InputFile, ...]) -> list[Bind]:
    """Bind each data file as a leaf."""
    if len({each.inside for each in inputs}) != len(inputs):
        raise ValueError("two input files have one name")
    for each in inputs:
        if not stat.S_ISREG(each.host_path.lstat().st_mode):
            raise ValueError(f"{each.host_path} is not a regular file")
    return [Bind(each.host_path, f"/in/{each.inside}") for each in inputs]


def _on_interpreter(interpreter: Interpreter, binds: list[Bind], program: str, limits: RunLimits) -> GuestPolicy:
    own_places = (interpreter.python, *interpreter.standard_library, *interpreter.libraries)
    return GuestPolicy(
        binds=(*(Bind(each.resolve(strict=True), str(each)) for each in own_places), *binds),
        covered=tuple(str(each / "site-packages") for each in interpreter.standard_library if _has_packages(each)),
        variables=VARIABLES + _linker_variables(interpreter.libraries),
        tmp_bytes=limits.tmp_bytes,
        program=(str(interpreter.python), "-I", "-B", "-S", program),
    )


def _has_packages(standard_library: Path) -> bool:
    """Whether the standard library's folder also holds the host's packages, which are not the guest's to read."""
    return (standard_library / "site-packages").is_dir()


def _linker_variables(libraries: tuple[Path, ...]) -> tuple[tuple[str, str], ...]:
    """Name the folders that the host's linker knows from its cache, which is not visible inside."""
    elsewhere = sorted({str(each.parent) for each in libraries if not LINKER_FOLDERS.fullmatch(str(each.parent))})
    return (("LD_LIBRARY_PATH", ":".join(elsewhere)),) if elsewhere else ()
