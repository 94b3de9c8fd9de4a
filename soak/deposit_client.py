"""Plays clients for the campaign of kills: forks one for each order, which pushes and submits a folder.

An order is a line of JSON: ``folder``, ``address``, ``token``, ``ca``. The answer is the client's process id. What a
client has done it writes into ``FOLDER.log``, a word a line, so that it can be killed between two of its steps.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path

import fomrepo
import fomrepo.client.repository
from fomrepo.errors import FomrepoError


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
    """Push and submit, and write down each step."""
    with Path(f"{order['folder']}.log").open("a", buffering=1) as log:
        try:
            repo = fomrepo.connect(order["address"], token=order["token"], ca=order["ca"])
            log.write("connected\n")
            with repo.deposit_folder(order["folder"], patience_s=0.0) as steps:
                begun: set[str] = set()

                def told(name: str, done: int, size: int) -> None:
                    if name not in begun:
                        begun.add(name)
                        log.write("sending\n")

                steps.push(progress=told)
                log.write("pushed\n")
                accession = steps.submit(step=lambda _: log.write("submitting\n") and None)
            log.write(f"accepted {accession}\n")
        except FomrepoError as error:
            log.write(f"failed {error.code}\n")


if __name__ == "__main__":
    main()
