"""Starting a site, in the order that its safety needs.

1. Settings and secrets are read. 2. Root becomes the service user, for good. 3. The wall is tried out. 4. The guest
environment is found, or built the first time. 5. The warden is started: before gRPC, because a program with gRPC's
threads cannot start processes reliably. 6. Only then gRPC is imported, and the listeners open.
"""

from __future__ import annotations

import fcntl
import json
import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from shlex import quote

from fomrepo.catalog import sqlite_file
from fomrepo.errors import ConflictError
from fomrepo.installed_files import installed_folder
from fomrepo.isolation.doctor import detect_wall
from fomrepo.isolation.environment import default_environments_folder, find_or_build_environment
from fomrepo.isolation.service_user import drop_to_service_user
from fomrepo.isolation.warden import Warden
from fomrepo.site.heaps import keep_few_heaps
from fomrepo.site.log import logger, write_log_to
from fomrepo.site.settings import SiteHome, SiteSettings
from fomrepo.vault.objects import storage_errors

#: TLS 1.2 would need one of these, and none fits our certificates, whose keys are ECDSA: only TLS 1.3 is left. gRPC for
#: Python has no setting of its own for the lowest version.
CIPHERS_WITHOUT_TLS_1_2 = "ECDHE-RSA-AES256-GCM-SHA384"


def serve(
    home_folder: Path, *, say: Callable[[str], None] = lambda _: None, stop: threading.Event | None = None
) -> None:
    """Run a site until it is told to stop (SIGTERM, SIGINT or ``stop``).

    Parameters
    ----------
    home_folder
        Made by ``fomrepo site init``.
    say
        Told what is being done, one sentence at a time.
    stop
        Ends the site when it is set, where signals do not.

    Raises
    ------
    SettingsError, SchemaRevisionError, SandboxUnavailableError, StorageError
        If it cannot start.
    """
    keep_few_heaps()
    home = SiteHome(home_folder)
    settings = home.read_settings()
    with _only_one(home):
        _serve(home, settings, say, stop or threading.Event())


def _serve(home: SiteHome, settings: SiteSettings, say: Callable[[str], None], stop: threading.Event) -> None:
    catalog_file = sqlite_file(settings.catalog)
    own = (home.folder, catalog_file.parent) if catalog_file is not None else (home.folder,)
    drop_to_service_user((), settings.service_user, own=own)
    os.umask(0o077)  # not before: what the drop puts in place must be passable
    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
    write_log_to(home.log_file.open("a", buffering=1))
    wall = detect_wall()
    logger.info("wall", level=wall.level, cause=wall.cause)
    folder = Path(settings.environments) if settings.environments else default_environments_folder()
    environment = find_or_build_environment(installed_folder("sandbox") / "requirements.lock", folder, say=say)
    warden = Warden.start() if wall.holds else None
    os.environ["GRPC_SSL_CIPHER_SUITES"] = CIPHERS_WITHOUT_TLS_1_2

    from fomrepo.site.server import SiteServer  # imports gRPC, which must come after the warden

    try:
        with SiteServer(home, settings, wall=wall, warden=warden, environment=environment) as server:
            _write_ready_file(home, server.address, server.peer_address)
            say(f"{settings.name} is ready at {server.address} (wall: {wall.level})")
            logger.info("ready", address=server.address, peer_address=server.peer_address)
            stop.wait()
            logger.info("stopping")
    finally:
        home.ready_file.unlink(missing_ok=True)
        if warden is not None:
            warden.close()


@contextmanager
def _only_one(home: SiteHome) -> Iterator[None]:
    """Hold the home's lock: one process at a time is this site."""
    with storage_errors(home.folder):
        file = (home.folder / "site.lock").open("a")
    with file as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ConflictError(
                f"the site of {home.folder} runs already",
                remedy=f"see how it is: fomrepo site status --home {quote(str(home.folder))}; or stop it first",
            ) from None
        yield


def _write_ready_file(home: SiteHome, address: str, peer_address: str) -> None:
    fresh = home.ready_file.with_suffix(".new")
    fresh.write_text(json.dumps({"pid": os.getpid(), "address": address, "peer_address": peer_address}))
    fresh.chmod(0o644)
    fresh.rename(home.ready_file)
