"""Plays the site for campaigns: the orders of the tests, and what is asked about survivors and about the machine."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from tests.hot.driver import Site, main
from tests.survivors import command, descendants, in_sandboxes

#: For children that are ended, and for those that take their places.
SETTLING_TIMEOUT_S = 20.0


class WatchedSite(Site):
    """A site that looks for survivors as soon as a call has returned."""

    def hot_and_look(self, name: str, request: dict[str, Any], **limits: Any) -> Any:
        """Run a method in a child; says what was alive at its return, and how long the child itself was."""
        children = self._holders[name].processes()[1:]
        answer = self.hot(name, request, **limits)
        returned = time.monotonic()
        made = [command(below) for child in children for below in descendants(of=child)]
        survivors = self._until_settled(name)
        return {**answer, "made": made, "survivors": survivors, "settled_after_s": time.monotonic() - returned}

    def cold_and_look(self, name: str, **order: Any) -> Any:
        """Run a method in a sandbox; says what of it was alive at its return."""
        holder = self._holders[name].facts.pid
        mine = {holder, *descendants(of=holder)}
        answer = self.cold(**order)
        mine |= {holder, *descendants(of=holder)}  # the holder's spares come and go
        return {**answer, "made": [command(each) for each in in_sandboxes() if each not in mine], "survivors": []}

    def oversleep_s(self) -> float:
        """Say how much later than it wished a sleeping process goes on, at the worst of a few times."""
        worst = 0.0
        for _ in range(5):
            begun = time.monotonic()
            time.sleep(0.01)
            worst = max(worst, time.monotonic() - begun - 0.01)
        return worst

    def _until_settled(self, name: str) -> list[str]:
        """Wait until the holder has nothing but ready children; returns what else there is when that takes too long."""
        deadline = time.monotonic() + SETTLING_TIMEOUT_S
        holder = self._holders[name]
        while True:
            ready = holder.processes()
            others = set(descendants(of=ready[0])) - set(ready)
            others |= {each for child in ready[1:] for each in descendants(of=child)}
            several = [child for child in ready[1:] if _threads(child) > 1]
            if not others and not several:
                return []
            if time.monotonic() > deadline:
                return [command(each) for each in (*others, *several)]
            time.sleep(0.002)


def _threads(process: int) -> int:
    try:
        return len(list(Path(f"/proc/{process}/task").iterdir()))
    except OSError:  # it has ended meanwhile
        return 0


if __name__ == "__main__":
    main(WatchedSite)
