"""A site for each kind of user, with a holder on a trajectory, for campaigns about the wall."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fomrepo.installed_files import installed_folder
from fomrepo.isolation.environment import default_environments_folder, find_or_build_environment
from tests.hot.site import FRAME_BUDGET_BYTES, LIMITS, Data, Site, lay_out, source_request

__all__ = ["HOLDER", "Player", "players"]

#: The holder that every player has.
HOLDER = "held"

#: A number that no other user has.
ORDINARY_USER = 61197


@dataclass(frozen=True)
class Player:
    """A site of one kind of user."""

    #: ``service user of root`` or ``ordinary user``.
    identity: str
    site: Site
    data: Data
    #: Where bundles for cold runs can be put; every user can read it.
    folder: Path

    def hot(self, source: str | dict[str, str], *, order: str = "hot", **more: Any) -> Any:
        """Run a method in a child of the holder; the order is the site's, and ``more`` is for it."""
        return getattr(self.site, order)(name=HOLDER, request=source_request(self.data, source), **more)

    def cold(self, source: str | dict[str, str], *, order: str = "cold", **more: Any) -> Any:
        """Run a method in a cold sandbox; the order is the site's, and ``more`` is for it."""
        with tempfile.TemporaryDirectory(dir=self.folder) as bundle:
            for name, text in ({"method.py": source} if isinstance(source, str) else source).items():
                (Path(bundle) / name).write_text(text)
            os.chmod(bundle, 0o755)
            request = source_request(self.data, "")
            del request["bundle"]
            return getattr(self.site, order)(request=request, inputs=self.data.files, method_folder=bundle, **more)


@contextmanager
def players() -> Iterator[tuple[Player, ...]]:
    """Start a site as root's service user and one as an ordinary user, or as this user alone where that is not root."""
    environments = default_environments_folder()
    find_or_build_environment(installed_folder("sandbox") / "requirements.lock", environments)
    with ExitStack() as started:
        folder = Path(tempfile.mkdtemp(prefix="fomrepo-soak-"))
        started.callback(shutil.rmtree, folder)
        folder.chmod(0o755)
        data = lay_out(folder, "adk_dims")
        users = {"ordinary user": None}
        if os.geteuid() == 0:
            users = {"service user of root": None, "ordinary user": ORDINARY_USER}
        found = []
        for identity, user in users.items():
            site = Site(environments, user=user, module="soak.site_process")
            started.callback(site.end)
            asked = {"protocol": 1, "task": "hold", "inputs": data.inputs, "frame_budget_bytes": FRAME_BUDGET_BYTES}
            site.hold(name=HOLDER, request={**asked, "limits": LIMITS}, inputs=data.files)
            found.append(Player(identity, site, data, folder))
        yield tuple(found)
