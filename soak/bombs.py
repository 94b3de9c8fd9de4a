"""Fork bombs and daemons leave no live process when the run that made them has returned."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from soak.campaign import Campaign, Found, Judgement, Trial
from soak.figures import percentile
from soak.sites import HOLDER, Player, players
from tests.guest.runs import read_outcome

GUEST = (Path(__file__).parent / "guests" / "bomb.py").read_text()
#: Names in the guest's ``WAYS`` and ``ENDS``.
MAKING = (
    *("fork", "double fork", "session", "group", "spawn", "terminal", "clone", "clone without a signal"),
    *("clone to the grandparent", "clone into namespaces", "vfork"),
)
OTHERS = ("threads", "sleeping threads", "deaf", "closed")
ENDS = ("return", "raise", "leave", "crash", "hang up", "sleep", "spin")
WEIGHTS = (5, 2, 2, 2, 1, 1, 1)
#: By the clock: hot, and cold, where a run begins with its imports.
LIMITS_S = {"hot": 0.3, "cold": 3.0}
#: One trial in so many is cold.
COLD_EVERY = 4


@contextmanager
def prepare() -> Iterator[Trial]:
    """Start the sites; a trial is one run, by each user in turn."""
    with players() as found:
        yield lambda number, draw: _bomb(found[number % len(found)], number // len(found) % COLD_EVERY == 0, draw)


def _bomb(player: Player, is_cold: bool, draw: random.Random) -> Found:
    ways = draw.sample(MAKING, draw.randint(1, len(MAKING))) + draw.sample(OTHERS, draw.randint(0, len(OTHERS)))
    draw.shuffle(ways)
    (end,) = draw.choices(ENDS, WEIGHTS)
    bundle = {"method.py": GUEST, "order.py": f"WAYS, END = {tuple(ways)!r}, {end!r}\n"}
    way = "cold" if is_cold else "hot"
    if is_cold:
        answer = player.cold(bundle, order="cold_and_look", name=HOLDER, wall_s=LIMITS_S[way])
    else:
        answer = player.hot(bundle, order="hot_and_look", wall_s=LIMITS_S[way])
    said = read_outcome(answer["outcome"])[1].get("said", []) if answer.get("ended") == "outcome" else []
    return {
        "identity": player.identity,
        "way": way,
        "end": end,
        "ended": answer.get("ended", str(answer)),
        "worked": sorted({*said} & {*MAKING}),
        "made": answer.get("made", []),
        "survivors": answer.get("survivors", []),
        "settled_after_s": answer.get("settled_after_s", 0.0),
    }


def judge(found: list[Found], short: bool) -> Judgement:
    """No run made a process that was alive at its return, and nothing else of it stays."""
    figures: dict[str, float | int | str] = {}
    for way in ("hot", "cold"):
        for identity in sorted({trial["identity"] for trial in found}):
            runs = [trial for trial in found if (trial["way"], trial["identity"]) == (way, identity)]
            figures[f"{way} runs as {identity}"] = len(runs)
    figures["ways to make a process that worked"] = sum(len(trial["worked"]) for trial in found)
    figures["processes alive at a return"] = sum(len(trial["made"]) for trial in found)
    settled = [trial["settled_after_s"] for trial in found if trial["way"] == "hot"]
    for part in (50, 99):
        figures[f"the child that served is gone after, p{part}"] = f"{1000 * percentile(settled, part):.0f} ms"
    broken = []
    for number, trial in enumerate(found):
        for what in ("worked", "made", "survivors"):
            if trial[what]:
                broken.append(f"trial {number}, {trial['way']} as {trial['identity']}: {what}: {trial[what][:3]}")
        if trial["ended"] not in ("outcome", "crashed", "limit"):
            broken.append(f"trial {number}, {trial['way']} as {trial['identity']}: it ended so: {trial['ended'][:200]}")
    return Judgement(figures, broken)


CAMPAIGN = Campaign(
    promise="However a method forks, spawns or daemonises, no process of its making is alive when its run returns.",
    count=1_000,
    short_count=24,
    prepare=prepare,
    judge=judge,
)
