"""A federation on this machine: real site processes, real TLS, the real sandbox, on loopback."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType

import fomrepo
from fomrepo.client.repository import Repository
from fomrepo.errors import SiteError
from fomrepo.isolation.launch import Program, start_program
from fomrepo.site.administration import open_administration
from fomrepo.site.founding import init_site
from fomrepo.site.settings import machine_memory_mib
from fomrepo.testing.peer_tap import PeerTap
from fomrepo.testing.ports import own_address

#: Seconds that a site may take to get ready; the first one on a machine builds the guest environment.
START_TIMEOUT_S = 600.0
#: Seconds that a site may take to stop before it is killed.
STOP_TIMEOUT_S = 10.0


class LocalSite:
    """One site process."""

    def __init__(self, home: Path, variables: Mapping[str, str]) -> None:
        self.home = home
        self._variables = variables
        self._process: Program | None = None

    @property
    def address(self) -> str:
        """``host:port`` of the listener for clients."""
        return str(self._ready()["address"])

    @property
    def peer_address(self) -> str:
        """``host:port`` of the listener for sites."""
        return str(self._ready()["peer_address"])

    @property
    def pid(self) -> int:
        """Process id."""
        if self._process is None:
            raise SiteError(f"{self.home.name} does not run")
        return self._process.pid

    @property
    def runs(self) -> bool:
        """Whether the process lives."""
        return self._process is not None and not self._process.ended

    def begin_start(self) -> None:
        """Start the process without waiting until it is ready."""
        output = self.home / "output.log"
        self._process = start_program("fomrepo.site", (str(self.home),), output=output, more=self._variables)

    def wait_until_ready(self) -> None:
        """Wait until the site answers.

        Raises
        ------
        SiteError
            If it ended instead; the message has its last words.
        """
        until = time.monotonic() + START_TIMEOUT_S
        while not self._is_ready():
            if self._process is None or self._process.ended or time.monotonic() > until:
                raise SiteError(f"{self.home.name} did not start: {self.output()[-2000:]}")
            time.sleep(0.02)

    def output(self) -> str:
        """What the process wrote so far."""
        path = self.home / "output.log"
        return path.read_text() if path.exists() else ""

    def kill(self) -> None:
        """Kill it with SIGKILL, as a power cut would."""
        os.kill(self.pid, signal.SIGKILL)
        self._wait()
        (self.home / "ready.json").unlink(missing_ok=True)

    def stop(self) -> None:
        """Ask it to stop, and wait until it has."""
        self.begin_stop()
        self.wait_until_stopped()

    def begin_stop(self) -> None:
        """Ask it to stop without waiting until it has."""
        if self.runs:
            os.kill(self.pid, signal.SIGTERM)

    def wait_until_stopped(self) -> None:
        """Wait until it has stopped; one that takes too long is killed."""
        if self._process is None:
            return
        try:
            self._process.wait(STOP_TIMEOUT_S)
        except TimeoutError:
            os.kill(self.pid, signal.SIGKILL)
        self._wait()

    def _wait(self) -> None:
        if self._process is not None:
            self._process.wait(STOP_TIMEOUT_S)
            self._process = None

    def _is_ready(self) -> bool:
        return self._process is not None and (self.home / "ready.json").exists() and self._ready()["pid"] == self.pid

    def _ready(self) -> dict[str, object]:
        try:
            found: dict[str, object] = json.loads((self.home / "ready.json").read_text())
        except FileNotFoundError:
            raise SiteError(f"{self.home.name} is not ready") from None
        return found


class LocalFederation:
    """Sites on loopback with folders of their own; use it in a ``with`` block.

    Parameters
    ----------
    folder
        Where the sites' homes are made. A folder that holds a federation already is used again.
    sites
        Names; the first one founds the federation.
    catalog
        URL of the catalog; None: SQLite in the founder's home.
    slots
        Runs at the same time at each site.
    variables
        Environment variables for the sites.
    tapped
        Put a gateway before each site's own listener, which counts the bytes between sites (``taps``).
    checks_on_deposit
        Whether sites run quality checks on what is deposited, which takes slots from other runs.
    spares
        Whether sites keep sandboxes ready for the next file, which takes processor time from whatever comes first.

    Examples
    --------
    >>> with LocalFederation(Path("/tmp/three")) as federation:               # doctest: +SKIP
    ...     repo = federation.connect("alice")
    """

    def __init__(
        self,
        folder: Path,
        sites: Sequence[str] = ("site-a", "site-b", "site-c"),
        *,
        catalog: str | None = None,
        slots: int | None = None,
        variables: Mapping[str, str] | None = None,
        tapped: bool = False,
        checks_on_deposit: bool = False,
        spares: bool = False,
    ) -> None:
        self.folder = folder.absolute()
        self.taps = {name: PeerTap() for name in sites} if tapped else {}
        share = {
            "FOMREPO_SITE_HOLDER_MEMORY_MIB": str(machine_memory_mib() // 4 // len(sites)),
            "FOMREPO_SITE_CHECKS_ON_DEPOSIT": str(checks_on_deposit).lower(),
            "FOMREPO_SITE_SPARES": str(spares).lower(),
        }
        self._places = {name: (own_address(), own_address()) for name in sites}
        self.sites = {
            name: LocalSite(self.folder / name, {**share, **(variables or {}), **self._listening(name)})
            for name in sites
        }
        self._end = ExitStack()
        self._founder = self.sites[sites[0]].home
        self._tokens: dict[str, str] = {}
        for name, site in self.sites.items():
            if (site.home / "site.toml").exists():
                continue
            address, peer_address = self._places[name]
            init_site(
                site.home,
                name=name,
                federation="local",
                join=None if site.home == self._founder else self._founder,
                address=address,
                peer_address=peer_address,
                catalog=catalog,
                slots=slots,
            )

    def __enter__(self) -> LocalFederation:
        """Start all sites; one that does not start stops all."""
        try:
            for name, site in self.sites.items():
                if name in self.taps:
                    self._end.enter_context(self.taps[name]).lead_to(self._places[name][1])
                site.begin_start()
            for site in self.sites.values():
                site.wait_until_ready()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop all sites."""
        self.stop()

    def __getitem__(self, name: str) -> LocalSite:
        """Site of that name."""
        return self.sites[name]

    def stop(self) -> None:
        """Stop all sites, side by side."""
        for site in self.sites.values():
            site.begin_stop()
        for site in self.sites.values():
            site.wait_until_stopped()
        self._end.close()

    def start(self, name: str) -> None:
        """Start a site that was stopped or killed."""
        self.sites[name].begin_start()
        self.sites[name].wait_until_ready()

    @property
    def ca(self) -> Path:
        """Certificate of the federation's authority, for clients."""
        return self._founder / "federation.pem"

    @property
    def home(self) -> Path:
        """Home of the founding site, for operators' commands."""
        return self._founder

    def _listening(self, name: str) -> dict[str, str]:
        """Where a site listens, whatever its home says: a folder that is used again has ports of another process."""
        address, peer_address = self._places[name]
        variables = {"FOMREPO_SITE_ADDRESS": address, "FOMREPO_SITE_PEER_ADDRESS": peer_address}
        if name in self.taps:
            variables["FOMREPO_SITE_ANNOUNCED_PEER_ADDRESS"] = self.taps[name].address
        return variables

    def token(self, user: str) -> str:
        """Token of a user, who is made if need be."""
        if user not in self._tokens:
            with open_administration(self._founder) as administration:
                if administration.catalog.people.principal(user) is None:
                    administration.catalog.people.add_principal(user)
                self._tokens[user] = administration.new_token(user, label="local federation")
        return self._tokens[user]

    def connect(self, user: str = "alice", *, site: str | None = None) -> Repository:
        """Client of a user at a site; the first site if none is named."""
        address = self.sites[site or next(iter(self.sites))].address
        return fomrepo.connect(address, token=self.token(user), ca=str(self.ca))
