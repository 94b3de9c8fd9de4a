"""Plays clients for the campaign of kills: forks one for each order, which deposits a folder.

An order is a line of JSON: ``folder``, ``address``, ``token``, ``ca``, ``form``, ``way`` (``wire``, or ``door`` for the
site's own one) and ``die_at``, the step at which it kills itself (soak/deposit_steps.py), or an empty text. The form is
``folder``, ``command`` for its files by one command, or ``abandon`` for a folder whose draft is given up; whether files
stay in place, its plan says. The answer is the client's process id. What a client has done it writes into
``FOLDER.log``, a word a line, so that it can be killed between two of its steps; the last line begins with
``accepted``, ``abandoned`` or ``failed``.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import fomrepo
import fomrepo.client.repository
from fomrepo.client.deposit import DepositProgress
from fomrepo.client.planned_files import read_plan
from fomrepo.errors import FomrepoError
from soak.deposit_steps import client_steps, die, die_at


def main() -> None:
    """Answer until nobody asks any more."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for clients
    for line in sys.stdin:
        child = os.fork()  # nothing of gRPC has been used here
        if child == 0:
            deposit(json.loads(line))
            os._exit(0)
        print(child, flush=True)


def deposit(order: dict[str, str]) -> None:
    """Deposit it, and write down each step."""
    form, wire, due = order["form"], order["way"] == "wire", order["die_at"]
    in_place = read_plan(Path(order["folder"])).in_place
    die_at(client_steps(form, in_place=in_place), lambda name: name == due)
    with Path(f"{order['folder']}.log").open("a", buffering=1) as log:
        try:
            repo = fomrepo.connect(order["address"], token=order["token"], ca=order["ca"])
            log.write("connected\n")
            begun: set[str] = set()

            def told(name: str, done: int, size: int) -> None:
                if name not in begun:
                    begun.add(name)
                    log.write("sending\n")
                if due == "amid a file" and 0 < done < size:
                    die()

            if form == "command":
                accession = _by_command(repo, Path(order["folder"]), told, wire=wire, in_place=in_place)
                log.write(f"accepted {accession}\n")
                return
            with repo.deposit_folder(order["folder"], patience_s=0.0, wire=wire) as steps:
                steps.push(progress=told)
                log.write("pushed\n")
                if form == "abandon":
                    steps.abandon()
                    log.write("abandoned\n")
                else:
                    accession = steps.submit(step=lambda _: print("submitting", file=log))
                    log.write(f"accepted {accession}\n")
        except FomrepoError as error:
            log.write(f"failed {error.code} {error.message}\n")


def _by_command(
    repo: fomrepo.client.repository.Repository,
    folder: Path,
    told: Callable[[str, int, int], None],
    *,
    wire: bool,
    in_place: bool,
) -> str:

    def progress(now: DepositProgress) -> None:
        told(now.step, now.done, now.total)

    files = sorted(path for path in folder.iterdir() if path.suffix != ".toml" and not path.name.startswith("."))
    return repo.deposit(*files, title=folder.name, progress=progress, wire=wire, in_place=in_place).versioned


if __name__ == "__main__":
    main()
