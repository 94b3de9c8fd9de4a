"""The interpreter that guests run on, and the shared libraries that it needs.

A sandbox has no /usr and no /lib: it gets the interpreter, its standard library and exactly the shared libraries that
the dynamic linker names, each at its own path.
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from fomrepo.errors import SandboxUnavailableError
from fomrepo.isolation.launch import run_tool

__all__ = ["Interpreter", "find_interpreter", "shared_libraries"]

#: Asks an interpreter where its standard library is, and which minor version it has.
QUESTION = (
    "import json, sys, sysconfig;"
    "print(json.dumps([sys.version_info[:2], sysconfig.get_path('stdlib'), sysconfig.get_path('platstdlib')]))"
)

#: glibc loads this one by name when a thread is ended, so the dynamic linker's list does not show it.
LOADED_BY_NAME = "libgcc_s.so.1"

#: "libz.so.1 => /lib/x86_64-linux-gnu/libz.so.1 (0x7f...)" or "/lib64/ld-linux-x86-64.so.2 (0x7f...)".
LDD_LINE = re.compile(r"^\s+(?:\S+ => )?(/\S+) \(0x[0-9a-f]+\)$", re.MULTILINE)

#: ldd is a script that starts the linker once a file.
LDD_TIMEOUT_S = 600.0


@dataclass(frozen=True, slots=True)
class Interpreter:
    """A Python without packages. All paths are absolute, and the same inside a sandbox."""

    #: The program itself, no symbolic link.
    python: Path
    #: Folders of the standard library.
    standard_library: tuple[Path, ...]
    #: Shared libraries of the program and of the standard library, outside those folders.
    libraries: tuple[Path, ...]


@cache
def find_interpreter() -> Interpreter:
    """Interpreter for guests: the system's one of the running minor version if there is one, else the running one.

    The system's is preferred because every user can reach it.

    Raises
    ------
    SandboxUnavailableError
        Neither can say where its standard library is.
    """
    minor = list(sys.version_info[:2])
    of_system = Path(f"/usr/bin/python{minor[0]}.{minor[1]}")
    running = Path(getattr(sys, "_base_executable", sys.executable))
    for candidate in (of_system, running):
        answer = run_tool((str(candidate), "-I", "-S", "-c", QUESTION), timeout_s=30.0) if candidate.exists() else None
        if answer is None or answer.status != 0:
            continue
        version, *folders = json.loads(answer.stdout)
        if version == minor and all((Path(each) / "lib-dynload").is_dir() for each in folders[1:]):
            return _with_libraries(candidate.resolve(), tuple(Path(each) for each in dict.fromkeys(folders)))
    raise SandboxUnavailableError(
        f"no Python {minor[0]}.{minor[1]} with its standard library was found for guests",
        remedy=f"apt install python{minor[0]}.{minor[1]}",
    )


def shared_libraries(files: Iterable[Path], *, outside: tuple[Path, ...]) -> tuple[Path, ...]:
    """Shared libraries that the dynamic linker would load for some files, but for those in some folders.

    Each is named by the path at which the linker looks for it, which may be a symbolic link. A library that the linker
    cannot find is left out: its user fails to import, inside, and says so.
    """
    names = [str(file) for file in files if file.is_file()]
    if not names:
        return ()
    found = LDD_LINE.findall(run_tool(("ldd", *names), timeout_s=LDD_TIMEOUT_S).stdout)
    paths = {Path(os.path.normpath(each)) for each in found}
    return tuple(sorted(path for path in paths if not any(path.is_relative_to(folder) for folder in outside)))


def _with_libraries(python: Path, standard_library: tuple[Path, ...]) -> Interpreter:
    modules = tuple(file for folder in standard_library for file in (folder / "lib-dynload").glob("*.so"))
    libraries = shared_libraries((python, *modules), outside=standard_library)
    beside_libc = {library.parent / LOADED_BY_NAME for library in libraries if library.name.startswith("libc.so")}
    wanted = {*libraries, *(each for each in beside_libc if each.exists())}
    return Interpreter(python, standard_library, tuple(sorted(wanted)))
