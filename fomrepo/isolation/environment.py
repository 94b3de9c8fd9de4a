"""Guest environments: the packages that methods import, built from a lock file, kept at the site.

An environment on disk is keyed by its lock, the interpreter's minor version and the platform, and is written once::

    <environments>/mdanalysis-3f2a.../packages/       bound at /env
    <environments>/mdanalysis-3f2a.../manifest.json   interpreter, standard library, shared libraries
    <environments>/mdanalysis-3f2a.../requirements.lock

Its digest also covers the harness, because the harness decides what an outcome looks like; a new harness gives a new
digest and rebuilds nothing.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import sys
import sysconfig
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from fomrepo.errors import SandboxUnavailableError
from fomrepo.installed_files import installed_folder
from fomrepo.isolation.interpreter import Interpreter, find_interpreter, shared_libraries
from fomrepo.isolation.launch import run_tool
from fomrepo.isolation.lock_file import check_lock

__all__ = [
    "GuestEnvironment",
    "default_environments_folder",
    "environment_digest",
    "find_environment",
    "find_or_build_environment",
    "newest_environment",
]

#: Environment of the built-in methods and of all probes.
DEFAULT_ENVIRONMENT = "mdanalysis"

#: Layout of manifest.json; an environment of another layout is built again beside the old one.
MANIFEST_FORMAT = 1

#: Downloading and unpacking 300 MB over a slow line.
PIP_TIMEOUT_S = 1800.0


@dataclass(frozen=True, slots=True)
class GuestEnvironment:
    """What a guest's interpreter is and what it can import. All paths are absolute and on the host."""

    #: Name by which methods ask for it, such as ``mdanalysis``.
    name: str
    #: SHA-256 over lock, interpreter minor version, platform and harness, in hexadecimal.
    digest: str
    #: The interpreter; it appears at the same path inside.
    python: Path
    #: Folders of the standard library; they appear at the same paths inside.
    standard_library: tuple[Path, ...]
    #: Shared libraries outside those folders and outside ``packages``; they appear at the same paths inside.
    libraries: tuple[Path, ...]
    #: Folder of the packages; it appears at /env.
    packages: Path


def default_environments_folder() -> Path:
    """Where environments are kept: ``FOMREPO_ENVIRONMENTS``, else the system's folder for root, else the user's own."""
    if named := os.environ.get("FOMREPO_ENVIRONMENTS"):
        return Path(named).absolute()
    if os.geteuid() == 0:
        return Path("/var/lib/fomrepo/environments")
    data = os.environ.get("XDG_DATA_HOME") or str(Path.home() / ".local" / "share")
    return Path(data).absolute() / "fomrepo" / "environments"


def find_or_build_environment(
    lock: Path | bytes, folder: Path, *, name: str = DEFAULT_ENVIRONMENT, say: Callable[[str], None] | None = None
) -> GuestEnvironment:
    """Environment of a lock file, built if it is not there yet.

    Several processes may ask at once: one builds, the others wait and find it. A kill at any moment leaves no
    half-built environment under its name.

    Parameters
    ----------
    lock
        Requirement file with a hash for each package, or what stands in it.
    folder
        Where environments are kept; made if missing.
    name
        Name of the environment.
    say
        Told what is being done when that takes long.

    Raises
    ------
    SandboxUnavailableError
        A package cannot be had, does not have the locked hash, or there is no usable interpreter.
    BundleRefusedError
        If the lock says anything but packages with hashes.
    """
    content = check_lock(lock if isinstance(lock, bytes) else lock.read_bytes())
    place = _place(content, folder, name)
    if not _is_whole(place):
        folder.mkdir(parents=True, exist_ok=True)
        with _locked(folder / f".{place.name}.lock"):
            if not _is_whole(place):
                _build(content, place, say or (lambda _: None))
    return _read(content, place, name)


def find_environment(lock: bytes, folder: Path, *, name: str) -> GuestEnvironment | None:
    """Environment of a lock file, if it was built here."""
    place = _place(lock, folder, name)
    return _read(lock, place, name) if _is_whole(place) else None


def newest_environment(name: str, folder: Path) -> GuestEnvironment | None:
    """Environment of a name that was built here last, of whichever lock; None if there is none."""
    places = (one for one in folder.glob(f"{name}-*") if one.name.rpartition("-")[0] == name and _is_whole(one))
    newest = max(places, key=lambda one: (one / "manifest.json").stat().st_mtime, default=None)
    return None if newest is None else _read((newest / "requirements.lock").read_bytes(), newest, name)


def environment_digest(lock: bytes) -> str:
    """Digest that the environment of a lock file has on this platform, built or not: part of the key of results."""
    return _digest(*_identity(lock), _harness_digest().encode())


def _identity(lock: bytes) -> tuple[bytes, ...]:
    return lock, _minor_version().encode(), sysconfig.get_platform().encode()


def _place(lock: bytes, folder: Path, name: str) -> Path:
    return folder / f"{name}-{_digest(*_identity(lock))[:16]}"


def _read(lock: bytes, place: Path, name: str) -> GuestEnvironment:
    manifest = json.loads((place / "manifest.json").read_text())
    return GuestEnvironment(
        name=name,
        digest=environment_digest(lock),
        python=Path(manifest["python"]),
        standard_library=tuple(Path(each) for each in manifest["standard_library"]),
        libraries=tuple(Path(each) for each in manifest["libraries"]),
        packages=place / "packages",
    )


def _is_whole(place: Path) -> bool:
    """Whether an environment is there and the system's parts that it was built against are still there."""
    try:
        manifest = json.loads((place / "manifest.json").read_text())
    except FileNotFoundError:
        return False
    parts = [manifest["python"], *manifest["standard_library"], *manifest["libraries"]]
    return manifest["format"] == MANIFEST_FORMAT and all(os.path.exists(part) for part in parts)


def _build(lock: bytes, place: Path, say: Callable[[str], None]) -> None:
    """Build under a temporary name, then rename."""
    interpreter = find_interpreter()
    half_built = Path(tempfile.mkdtemp(prefix=".building-", dir=place.parent))
    try:
        say(f"building the guest environment {place.name} (once)")
        packages = half_built / "packages"
        (half_built / "requirements.lock").write_bytes(lock)
        _install(half_built / "requirements.lock", packages)
        _compile(packages, interpreter)
        _write_manifest(half_built, interpreter, packages)
        _make_readable(half_built)
        if place.exists():  # built against an interpreter or a library that is gone
            os.rename(place, half_built.with_suffix(".old"))
        os.rename(half_built, place)
    finally:
        shutil.rmtree(half_built, ignore_errors=True)
        shutil.rmtree(half_built.with_suffix(".old"), ignore_errors=True)


def _install(lock: Path, packages: Path) -> None:
    """Unpack exactly the locked packages; nothing of them is run."""
    pip = (sys.executable, "-m", "pip", "install", "--no-input", "--disable-pip-version-check", "--no-compile")
    exactly = ("--require-hashes", "--no-deps", "--only-binary", ":all:", "--target", str(packages), "-r", str(lock))
    done = run_tool((*pip, *exactly), timeout_s=PIP_TIMEOUT_S, keep_environment=True)
    if done.status != 0:
        last_lines = "\n".join(done.stderr.strip().splitlines()[-5:])
        raise SandboxUnavailableError(
            f"the guest environment could not be built from its lock: {last_lines}",
            remedy="let this machine reach a Python package index (or set PIP_FIND_LINKS), then run it again",
        )


def _compile(packages: Path, interpreter: Interpreter) -> None:
    """Compile to byte code ahead of time, since a guest cannot write; by content, so that file times do not matter."""
    as_inside = ("-s", str(packages), "-p", "/env")
    by_content = ("--invalidation-mode", "unchecked-hash")
    tool = (str(interpreter.python), "-I", "-m", "compileall", "-q", "-j", "0", *as_inside, *by_content, str(packages))
    run_tool(tool, timeout_s=PIP_TIMEOUT_S)  # a package may carry files for other versions, which do not compile


def _write_manifest(half_built: Path, interpreter: Interpreter, packages: Path) -> None:
    of_packages = shared_libraries(tuple(packages.rglob("*.so*")), outside=(packages, *interpreter.standard_library))
    manifest = {
        "format": MANIFEST_FORMAT,
        "python": str(interpreter.python),
        "standard_library": [str(each) for each in interpreter.standard_library],
        "libraries": sorted({str(each) for each in (*interpreter.libraries, *of_packages)}),
    }
    (half_built / "manifest.json").write_text(json.dumps(manifest, indent=1))


def _make_readable(folder: Path) -> None:
    """Let the service user read it, whatever the umask of the one who built it."""
    for parent, _, files in os.walk(folder):
        os.chmod(parent, 0o755)  # noqa: S103 - packages are public; nobody else may write
        for each in files:
            os.chmod(os.path.join(parent, each), 0o644)


def _harness_digest() -> str:
    harness = installed_folder("sandbox")
    files = sorted(harness.glob("*.py"))
    return _digest(*(part for each in files for part in (each.name.encode(), each.read_bytes())))


def _digest(*parts: bytes) -> str:
    """SHA-256 over the parts, each with its length before it."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(len(part).to_bytes(8, "little") + part)
    return digest.hexdigest()


def _minor_version() -> str:
    return f"{sys.version_info.major}.{sys.version_info.minor}"


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Only one process at a time; the lock goes with the process."""
    with path.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
