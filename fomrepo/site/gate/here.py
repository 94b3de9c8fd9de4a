"""The gate on this machine, without a site: for authors at home, and for an operator's own commands."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from fomrepo.cache.store import ResultStore
from fomrepo.errors import SandboxUnavailableError
from fomrepo.installed_files import installed_folder
from fomrepo.isolation.doctor import detect_wall
from fomrepo.isolation.environment import (
    GuestEnvironment,
    default_environments_folder,
    find_or_build_environment,
    newest_environment,
)
from fomrepo.isolation.service_user import drop_to_service_user
from fomrepo.isolation.warden import Warden
from fomrepo.model.methods import Bundle
from fomrepo.model.trust import ENVIRONMENT_LOCK
from fomrepo.site.gate.guest_runner import SandboxRunner
from fomrepo.site.gate.samples import Samples, find_or_build_samples


@contextmanager
def gate_here(
    *, own: tuple[Path, ...] = (), say: Callable[[str], None] = lambda _: None
) -> Iterator[tuple[SandboxRunner, Samples]]:
    """Give what the gate needs: a runner and sample data, for the time of the ``with`` block.

    A process of root becomes the service user for good, as a site does: nothing is run by root. Call it before any
    thread is started.

    Parameters
    ----------
    own
        Folders that must stay writable.
    say
        Told what is being done when that takes long.

    Raises
    ------
    SandboxUnavailableError
        If this machine cannot sandbox.
    """
    wall = detect_wall()
    if not wall.holds:
        raise SandboxUnavailableError(f"this machine cannot sandbox: {wall.cause}", remedy=wall.remedy)
    drop_to_service_user((), own=own)
    folder = default_environments_folder()
    environment = find_or_build_environment(installed_folder("sandbox") / "requirements.lock", folder, say=say)
    samples = find_or_build_samples(folder, say=say)

    def choose(bundle: Bundle) -> GuestEnvironment:
        name = bundle.schema.environment
        if (own := bundle.files.get(ENVIRONMENT_LOCK)) is not None:
            return find_or_build_environment(own, folder, name=name, say=say)
        found = environment if name == environment.name else newest_environment(name, folder)
        if found is None:
            raise SandboxUnavailableError(
                f"this machine does not have the guest environment {name}",
                remedy=f"test it at a site that has it (--at SITE), name {environment.name} in method.toml, or bring "
                f"its lock along as {ENVIRONMENT_LOCK}",
            )
        return found

    with ExitStack() as end:
        scratch = Path(end.enter_context(tempfile.TemporaryDirectory(prefix="fomrepo-gate-")))
        warden = Warden.start()
        end.callback(warden.close)
        unpack = _Unpacked(scratch / "bundles")
        yield SandboxRunner(warden, choose, ResultStore(scratch), unpack.folder_of), samples


class _Unpacked:
    """Unpacks bundles below a folder, each once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def folder_of(self, bundle: Bundle) -> Path:
        folder = self._folder / bundle.digest
        if not folder.exists():
            for path, content in bundle.files.items():
                target = folder / path
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(content)
        return folder
