"""Clients and sites are killed at any moment of a deposit: nothing is half there, and the same again ends it."""

from __future__ import annotations

import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from fomrepo.client.repository import Repository
from fomrepo.model.deposit_plan import Creator, DepositPlan, PlannedFile
from fomrepo.testing import LocalFederation
from soak.campaign import Campaign, Found, Judgement, Trial

USER = "alice"
#: Steps of a client after which a kill can come; or it comes at any moment of a deposit, which takes about so long.
STEPS = ("connected", "sending", "pushed", "submitting")
DEPOSIT_S = 2.5
#: One kill in so many is of the site.
SITE_EVERY = 4
#: Bytes of the file that takes the longest.
LARGE_BYTES = 8 * 2**20
WAIT_S = 60.0


class Scene:
    """A site, and a program that makes clients."""

    def __init__(self, folder: Path, federation: LocalFederation, clients: subprocess.Popen[str]) -> None:
        self.folder, self.federation, self._clients = folder, federation, clients
        self.token = federation.token(USER)

    def trial(self, number: int, draw: random.Random) -> Found:
        """Kill somebody amid a deposit, look, and do it again."""
        folder = self._folder(number, draw)
        of_site = number % SITE_EVERY == SITE_EVERY - 1
        step = draw.choice((*STEPS, *("any moment",) * 5))
        log = Path(f"{folder}.log")
        client = self._client(folder)
        if step == "any moment":
            time.sleep(draw.random() * DEPOSIT_S)
        else:
            _until(lambda: step in _said(log) or _ended(log))
        site = self.federation["site-a"]
        if of_site:
            site.kill()
            _until(lambda: _ended(log))
            self.federation.start("site-a")
        else:
            with suppress(ProcessLookupError):  # it has done everything
                os.kill(client, signal.SIGKILL)
        acknowledged = [line.partition(" ")[2] for line in _said(log).splitlines() if line.startswith("accepted")]
        with self.federation.connect(USER) as repo:
            half = self._half_visible(repo, folder)
            accession = self._again(repo, folder)
            found = [one for one in repo.records() if one.title == folder.name]
            whole = self._half_visible(repo, folder)
        return {
            "victim": "site" if of_site else "client",
            "step": step,
            "half visible": half + whole,
            "lost": [one for one in acknowledged if one != accession],
            "records": len(found),
            "left": os.listdir(self.federation.home / "vault" / "incoming"),
        }

    def _folder(self, number: int, draw: random.Random) -> Path:
        """Make a folder of two files with bytes that nobody has."""
        folder = self.folder / f"kill {number} {draw.getrandbits(32):08x}"
        folder.mkdir()
        (folder / "small.csv").write_text("time (ps),x\n" + "".join(f"{n},{draw.random()}\n" for n in range(100)))
        head = str({"descr": "<f8", "fortran_order": False, "shape": (LARGE_BYTES // 8,)}).ljust(117) + "\n"
        content = b"\x93NUMPY\x01\x00" + len(head).to_bytes(2, "little") + head.encode()
        (folder / "large.npy").write_bytes(content + draw.randbytes(8) * (LARGE_BYTES // 8))
        files = (PlannedFile("small.csv"), PlannedFile("large.npy"))
        plan = DepositPlan(files, folder.name, (Creator("Ada"),), "CC0-1.0", ("test",))
        (folder / "fomrepo.toml").write_text(plan.to_text())
        return folder

    def _client(self, folder: Path) -> int:
        assert self._clients.stdin is not None
        assert self._clients.stdout is not None
        address, ca = self.federation["site-a"].address, str(self.federation.ca)
        order = {"folder": str(folder), "address": address, "token": self.token, "ca": ca}
        self._clients.stdin.write(json.dumps(order) + "\n")
        self._clients.stdin.flush()
        return int(self._clients.stdout.readline())

    def _half_visible(self, repo: Repository, folder: Path) -> list[str]:
        """What can be seen of a deposit that is not whole; nothing, or all, is as it should be."""
        wrong = []
        for one in repo.records():
            if one.title != folder.name:
                continue
            record = repo[one.accession]
            here = {path.name: path for path in folder.glob("*.[cn]*")}
            if sorted(file.name for file in record) != sorted(here):
                wrong.append(f"{record.versioned} has {[file.name for file in record]}")
            for file in record:
                stored = self.federation.home / "vault" / "objects" / file.sha256[:2] / file.sha256
                digests = {hashlib.sha256(path.read_bytes()).hexdigest() for path in (here[file.name], stored)}
                if digests != {file.sha256}:
                    wrong.append(f"{record.versioned}/{file.name} is not what was deposited")
        return wrong

    def _again(self, repo: Repository, folder: Path) -> str:
        """Do the same steps again, with the patience of a person."""
        with repo.deposit_folder(folder, patience_s=20.0) as steps:
            steps.push()
            return steps.submit()


@contextmanager
def prepare() -> Iterator[Trial]:
    """Start a site and the program that makes clients."""
    with ExitStack() as end:
        folder = Path(end.enter_context(tempfile.TemporaryDirectory(prefix="fomrepo-soak-")))
        folder.chmod(0o755)
        federation = end.enter_context(LocalFederation(folder / "federation", sites=("site-a",), slots=2))
        clients = subprocess.Popen(
            [sys.executable, "-m", "soak.deposit_client"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        end.callback(clients.communicate)
        yield Scene(folder, federation, clients).trial


def judge(found: list[Found], short: bool) -> Judgement:
    """Name what was half there, lost, doubled, or left lying about."""
    broken = []
    for number, one in enumerate(found):
        where = f"trial {number}, {one['victim']} killed at {one['step']}"
        broken += [f"{where}: {what}" for what in one["half visible"]]
        broken += [f"{where}: {what} was acknowledged and is another record now" for what in one["lost"]]
        broken += [f"{where}: {one['records']} records"] if one["records"] != 1 else []
        broken += [f"{where}: left {one['left']}"] if one["left"] else []
    figures: dict[str, float | int | str] = {"kills": len(found)}
    for victim in ("client", "site"):
        figures[f"of the {victim}"] = sum(one["victim"] == victim for one in found)
    figures["between two steps"] = sum(one["step"] != "any moment" for one in found)
    return Judgement(figures, broken)


def _said(log: Path) -> str:
    return log.read_text() if log.exists() else ""


def _ended(log: Path) -> bool:
    return any(line.startswith(("accepted", "failed")) for line in _said(log).splitlines())


def _until(condition: object) -> None:
    assert callable(condition)
    end = time.monotonic() + WAIT_S
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError("what was waited for did not happen")
        time.sleep(0.005)


CAMPAIGN = Campaign(
    promise="A kill leaves nothing half visible and loses nothing acknowledged; the same again ends in one record.",
    count=200,
    short_count=20,
    prepare=prepare,
    judge=judge,
)
