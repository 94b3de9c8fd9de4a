"""The process of one contestant: ``python -m bench.driver PEER SETUP``; orders and answers are lines of JSON.

Each peer is a module of ``bench.peers`` with one function, ``opened(setup)``: a context manager that gives its works by
name. The clock runs here, around the call alone: neither the pipe nor another peer's library is in what is measured.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import threading
import time
from collections.abc import Mapping
from typing import Any

from bench.peers.work import Work

#: Characters of an error that are told.
LINE_LIMIT = 300


def main() -> None:
    """Open the peer, do what is asked until nobody asks any more."""
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # what libraries print goes to the log
    peer, setup = sys.argv[1:]
    with importlib.import_module(f"bench.peers.{peer}").opened(json.loads(setup)) as works:
        print(json.dumps({"works": sorted(works)}), file=answers)
        for line in sys.stdin:
            print(json.dumps(_answer(works, json.loads(line))), file=answers)


def _answer(works: Mapping[str, Work], order: dict[str, Any]) -> dict[str, Any]:
    try:
        work = works[order["work"]]
        match order["do"]:
            case "time":
                return _time(work, order)
            case "count":
                return _count(work, order)
            case _:
                return _tell(work, order)
    except Exception as error:  # whatever a peer raises is told, and the others go on
        said = next(iter(str(error).splitlines()), "")[:LINE_LIMIT]
        return {"error": f"{order['work']}: {type(error).__name__}: {said}"}


def _time(work: Work, order: dict[str, Any]) -> dict[str, Any]:
    seconds: list[float] = []
    until = time.monotonic() + order["at_most_s"]
    for number in range(order["first"], order["first"] + order["times"]):
        if seconds and time.monotonic() > until:
            break
        if work.prepare is not None:
            work.prepare(number)
        time.sleep(order["idle_s"])
        began = time.perf_counter()
        value = work.do(number)
        seconds.append(time.perf_counter() - began)
        del value  # freed before the clock runs again
    return {"seconds": seconds}


def _tell(work: Work, order: dict[str, Any]) -> dict[str, Any]:
    """Give back the numbers of a work."""
    numbers = work.do(order["first"]) if work.left is None else work.left()
    return {"value": [float(one) for one in numbers]}


def _count(work: Work, order: dict[str, Any]) -> dict[str, Any]:
    """Call from several threads until the time is over."""
    done: list[int] = []
    errors: list[Exception] = []
    until = time.perf_counter() + order["for_s"]
    clients = order["clients"]

    def client(place: int) -> None:
        number = order["first"] + place
        try:
            while time.perf_counter() < until:
                work.do(number)
                number += clients
                done.append(number)
        except Exception as error:  # told after all have ended
            errors.append(error)

    threads = [threading.Thread(target=client, args=(place,)) for place in range(clients)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    if errors:
        raise errors[0]
    return {"done": len(done)}


if __name__ == "__main__":
    main()
