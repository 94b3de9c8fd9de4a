"""A federation of one site for a bench: the embedded default, with the benches' own methods signed and published."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.places import METHODS
from bench.samples import Trajectory
from fomrepo.model.bundle import read_bundle
from fomrepo.site.administration import open_administration, read_folder
from fomrepo.testing import LocalFederation

#: Whose project everything lies in: private data of one member, where no time is covered.
USER = "alice"
REVIEWER = "fomrepo benches"


@dataclass(frozen=True, slots=True)
class OurSite:
    """A running site."""

    federation: LocalFederation

    def setup(self, **more: Any) -> dict[str, Any]:
        """What a contestant needs to connect."""
        site = next(iter(self.federation.sites.values()))
        ca, token = str(self.federation.ca), self.federation.token(USER)
        return {"address": site.address, "ca": ca, "token": token, **more}

    def deposit(self, files: Trajectory, title: str) -> str:
        """Deposit a trajectory; returns the path of the file in the repository."""
        with self.federation.connect(USER) as repo:
            record = repo.deposit(files.topology, files.trajectory, title=title)
        return f"{record.accession}/{files.trajectory.name}"

    @property
    def pid(self) -> int:
        """Process id of the site."""
        return next(iter(self.federation.sites.values())).pid


@contextmanager
def our_site(*, checks_on_deposit: bool = False) -> Iterator[OurSite]:
    """Found a federation in a folder that is gone afterwards, and start its site."""
    with tempfile.TemporaryDirectory(prefix="fomrepo-bench-", ignore_cleanup_errors=True) as name:
        Path(name).chmod(0o755)  # a site started by root becomes another user
        federation = LocalFederation(Path(name), sites=("site-a",), checks_on_deposit=checks_on_deposit, spares=True)
        publish_methods(federation.home)
        with federation:
            yield OurSite(federation)


def publish_methods(home: Path) -> None:
    """Approve and publish the benches' methods as the founder does the built-in ones."""
    folders = [folder for folder in sorted(METHODS.iterdir()) if (folder / "method.toml").is_file()]
    with open_administration(home) as administration:
        bundles = [read_bundle(read_folder(folder)) for folder in folders]
        administration.trust.publish_as_founder(bundles, reviewer=REVIEWER)
