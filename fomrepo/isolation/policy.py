"""What a guest may see: one page.

Nothing is visible but what is listed here. There is no /proc, /sys, /etc, /usr or shell, no network, no other process,
no environment variable, no descriptor but the one socket. Everything is read-only but a small /tmp.
"""

from __future__ import annotations

import re
import stat
from dataclasses import dataclass
from pathlib import Path

from fomrepo.installed_files import installed_folder
from fomrepo.isolation.interpreter import Interpreter
from fomrepo.isolation.limits import RunLimits
from fomrepo.isolation.orders import RunOrder

__all__ = ["Bind", "GuestPolicy", "bare_policy", "guest_policy"]

#: Where the compiled second filter lies inside.
SECOND_FILTER_PATH = "/harness/second-filter.bpf"

#: The outer world's nobody; as every guest has it, it tells nothing.
NOBODY = 65534

#: The only devices.
DEVICES = ("/dev/null", "/dev/zero", "/dev/urandom")

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


def guest_policy(order: RunOrder) -> GuestPolicy:
    """Policy of a method or a probe: the harness, the one bundle, the files of this run, and nothing else.

    Raises
    ------
    ValueError
        An input is not a regular file, or two inputs have one name.
    """
    environment = order.environment
    interpreter = Interpreter(environment.python, environment.standard_library, environment.libraries)
    binds = [
        Bind(installed_folder("sandbox"), "/harness/sandbox"),
        Bind(environment.packages, "/env"),
    ]
    if order.task == "probe":
        binds.append(Bind(installed_folder("deposition"), "/harness/deposition"))
    if order.method_folder is not None:
        binds.append(Bind(order.method_folder.resolve(strict=True), "/method"))
    if len({each.inside for each in order.inputs}) != len(order.inputs):
        raise ValueError("two input files have one name")
    for each in order.inputs:
        if not stat.S_ISREG(each.host_path.lstat().st_mode):
            raise ValueError(f"{each.host_path} is not a regular file")
        binds.append(Bind(each.host_path, f"/in/{each.inside}"))
    return _on_interpreter(interpreter, binds, "/harness/sandbox/start.py", order.limits)


def bare_policy(interpreter: Interpreter, program: Path, limits: RunLimits) -> GuestPolicy:
    """Policy of a single program file without packages or data: the canaries."""
    return _on_interpreter(interpreter, [Bind(program, "/harness/program.py")], "/harness/program.py", limits)


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
