"""Where deposits are killed: a site and clients that die where they are told, and what can be seen afterwards."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from pathlib import Path

from fomrepo.client.planned_files import read_plan
from fomrepo.client.repository import Repository
from fomrepo.model.deposit_plan import Creator, DepositPlan, PlannedFile
from fomrepo.testing import LocalFederation
from soak.mortal_sites import MortalSite, SiteForks

#: Bytes of the larger file of a deposit: several messages, so that there are moments amid it.
LARGE_BYTES = 4 * 2**20
#: For whatever a machine under load comes to.
WAIT_S = 60.0
#: A deposit is accepted a moment before its reports are deleted.
CLEARING_S = 10.0


class KillScene:
    """A site, and a program that makes clients.

    Parameters
    ----------
    folder
        Where deposits are made.
    federation
        Of that one site.
    site
        It.
    clients
        ``soak.deposit_client``.
    """

    def __init__(
        self, folder: Path, federation: LocalFederation, site: MortalSite, clients: subprocess.Popen[str]
    ) -> None:
        self.folder, self.federation, self.site, self._clients = folder, federation, site, clients

    def new_folder(self, title: str, *, in_place: bool = False, damaged: bool = False) -> Path:
        """Make a folder of two files, with bytes that nobody has; where one is damaged, the site will refuse it."""
        folder = self.folder / title
        folder.mkdir(parents=True)
        head = str({"descr": "<f8", "fortran_order": False, "shape": (LARGE_BYTES // 8,)}).ljust(117) + "\n"
        content = b"\x93NUMPY\x01\x00" + len(head).to_bytes(2, "little") + head.encode()
        number = hashlib.sha256(title.encode()).digest()[:7] + b"\x3f"  # which is none of the not-numbers
        (folder / "large.npy").write_bytes(content + number * (LARGE_BYTES // 8 - damaged))
        (folder / "small.csv").write_text(f"time (ps),x\n0,1\n1,{int.from_bytes(number[:4], 'little')}\n")
        self.plan(folder, "300 K", in_place=in_place)
        return folder

    def plan(self, folder: Path, temperature: str, *, in_place: bool = False) -> None:
        """Write what is said of a folder, whose name is the title."""
        files = tuple(PlannedFile(one) for one in ("large.npy", "small.csv"))
        plan = DepositPlan(files, folder.name, (Creator("Ada"),), "CC0-1.0", ("test",), in_place=in_place)
        (folder / "fomrepo.toml").write_text(replace(plan, metadata={"temperature": temperature}).to_text())

    def begin(self, folder: Path, user: str, form: str, *, way: str = "wire", die_at: str = "") -> int:
        """Let a client begin to deposit a folder; returns its process id."""
        assert self._clients.stdin is not None
        assert self._clients.stdout is not None
        log_of(folder).unlink(missing_ok=True)
        order = {"folder": str(folder), "form": form, "way": way, "die_at": die_at, "address": self.site.address}
        order |= {"token": self.federation.token(user), "ca": str(self.federation.ca)}
        self._clients.stdin.write(json.dumps(order) + "\n")
        self._clients.stdin.flush()
        return int(self._clients.stdout.readline())

    def deposit(self, folder: Path, user: str, form: str, *, way: str = "wire", die_at: str = "") -> str:
        """Let a client deposit a folder until it has ended or died; returns its last words."""
        while True:
            client = self.begin(folder, user, form, way=way, die_at=die_at)
            until(lambda client=client: not Path(f"/proc/{client}").exists())
            last_words = (said(folder).splitlines() or [""])[-1]
            if "by another command" not in last_words:  # the site has not heard yet that the one before is dead
                return last_words

    def accessions(self, repo: Repository, folder: Path) -> list[str]:
        """What a folder has become, as far as somebody sees it: nothing, or a record with its version.

        Raises
        ------
        AssertionError
            If a record lacks a file, or its bytes are neither safe in the vault nor registered where they lie.
        """
        in_place = read_plan(folder).in_place
        here = {one.name: hashlib.sha256(one.read_bytes()).hexdigest() for one in folder.glob("*.[cn]*")}
        found = [repo[one.accession] for one in repo.records() if one.title == folder.name]
        for record in found:
            assert {file.name: file.sha256 for file in record} == here, f"{record.versioned} is half visible"
            placed = {one.file for one in repo.replicas(record.versioned) if one.guard and one.state == "good"}
            assert placed == (here.keys() if in_place else set()), f"{record.versioned} lies elsewhere"
            for digest in () if in_place else here.values():
                stored = self.federation.home / "vault" / "objects" / digest[:2] / digest
                assert hashlib.sha256(stored.read_bytes()).hexdigest() == digest, f"{record.versioned} lacks bytes"
        return [one.versioned for one in found]

    def left_over(self) -> list[str]:
        """Names of what lies in the vault without being an object, when the site has had time to clear it away."""
        incoming = self.federation.home / "vault" / "incoming"
        with suppress(TimeoutError):
            until(lambda: not os.listdir(incoming), timeout_s=CLEARING_S)
        return os.listdir(incoming)


@contextmanager
def kill_scene() -> Iterator[KillScene]:
    """Start a site and the program that makes clients."""
    with ExitStack() as end:
        folder = Path(end.enter_context(tempfile.TemporaryDirectory(prefix="fomrepo-kills-")))
        folder.chmod(0o755)
        forks = end.enter_context(SiteForks())
        clients = subprocess.Popen(
            [sys.executable, "-m", "soak.deposit_client"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        end.callback(clients.communicate)
        federation = LocalFederation(folder / "federation", sites=("site-a",), slots=2)
        settings = {"FOMREPO_SITE_CHECKS_ON_DEPOSIT": "false", "FOMREPO_SITE_STABLE_S": "0.2"}
        site = MortalSite(forks, federation.home, settings)
        federation.sites["site-a"] = site
        end.enter_context(federation)
        yield KillScene(folder / "deposits", federation, site, clients)


def log_of(folder: Path) -> Path:
    """Where the client of a folder writes down what it has done."""
    return Path(f"{folder}.log")


def said(folder: Path) -> str:
    """What the client of a folder has written down."""
    return log_of(folder).read_text() if log_of(folder).exists() else ""


def until(condition: Callable[[], object], *, timeout_s: float = WAIT_S) -> None:
    """Wait until a condition holds."""
    end = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError("what was waited for did not happen")
        time.sleep(0.005)
