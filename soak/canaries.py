"""What one hot call leaves behind is never seen by the next, whatever it does and however it ends."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from soak.campaign import Campaign, Found, Judgement, Trial
from soak.sites import HOLDER, Player, players
from tests.guest.runs import read_outcome
from tests.hot.site import source_request

GUEST = (Path(__file__).parent / "guests" / "canary.py").read_text()
#: Names in the guest's ``PLACES`` and ``ENDS``.
PLACES = (
    *("builtins", "builtin function", "modules", "import path", "source lines", "environment", "environment of C"),
    *("numpy's state", "numpy's printing", "random numbers", "package", "class", "universe", "names of atoms"),
    *("positions", "frames", "files", "open files", "signals", "masked signals", "collector", "recursion", "limits"),
    *("rounding", "threads", "log"),
)
ENDS = {
    **{"return": "outcome", "raise": "outcome", "leave": "crashed", "crash": "crashed", "abort": "crashed"},
    **{"sleep": "limit"},
}
#: Nothing can be planted there at all.
REFUSED = {"files"}
#: How often each end is chosen: most calls end well.
WEIGHTS = (10, 2, 1, 1, 1, 1)
SLEEPING_LIMIT_S = 0.1
AT_ONCE = 0.1


@contextmanager
def prepare() -> Iterator[Trial]:
    """Start the sites; a trial plants and looks once with each."""
    with players() as found:
        yield lambda _, draw: {player.identity: _plant_and_look(player, draw) for player in found}


def _plant_and_look(player: Player, draw: random.Random) -> Found:
    places = draw.sample(PLACES, draw.randint(1, len(PLACES)))
    (end,) = draw.choices(tuple(ENDS), WEIGHTS)
    plant, look = _bundle(places, end), _bundle([], "return")
    limits = {"wall_s": SLEEPING_LIMIT_S} if end == "sleep" else {}
    if draw.random() < AT_ONCE:
        requests = [source_request(player.data, each) for each in (plant, look)]
        planted, looked = player.site.hot_at_once(name=HOLDER, requests=requests, limits=[limits, {}])
    else:
        planted, looked = player.hot(plant, **limits), player.hot(look)
    said, seen = _said(looked), _said(planted)[1:]
    return {
        "planted": planted.get("ended") == ENDS[end] or str(planted),
        "unseen": sorted({*places} - {*seen} - REFUSED) if end == "return" else [],
        "state": said[0] if said else str(looked),
        "seen": said[1:],
    }


def _bundle(places: list[str], end: str) -> dict[str, str]:
    return {"method.py": GUEST, "order.py": f"PLACES, END = {tuple(places)!r}, {end!r}\n"}


def _said(answer: Found) -> list[str]:
    """Read what a call said; its log is one of the places."""
    if answer.get("ended") != "outcome":
        return []
    said: list[str] = read_outcome(answer["outcome"])[1].get("said", [])
    return said + (["log"] if answer["log_tail"] else [])


def judge(found: list[Found], short: bool) -> Judgement:
    """Nothing is seen but by the call that planted it, and all calls that look find one state."""
    identities = sorted(found[0])
    figures: dict[str, float | int | str] = {"places": len(PLACES)}
    broken = []
    for identity in identities:
        trials = [one[identity] for one in found]
        seen = [(number, trial["seen"]) for number, trial in enumerate(trials) if trial["seen"]]
        other = [(number, trial["planted"]) for number, trial in enumerate(trials) if trial["planted"] is not True]
        unseen = [(number, trial["unseen"]) for number, trial in enumerate(trials) if trial["unseen"]]
        states = {trial["state"] for trial in trials}
        figures[f"calls as {identity}"] = 2 * len(trials)
        figures[f"canaries seen as {identity}"] = len(seen)
        broken += [f"{identity}: trial {number} saw {', '.join(names)}" for number, names in seen[:5]]
        broken += [f"{identity}: trial {number} did not end as meant: {how}" for number, how in other[:5]]
        broken += [f"{identity}: trial {number} does not see its own {', '.join(it)}" for number, it in unseen[:5]]
        if len(states) != 1:
            broken.append(f"{identity}: calls found {len(states)} different states: {sorted(states)[:3]}")
    return Judgement(figures, broken)


CAMPAIGN = Campaign(
    promise="A canary that a hot call plants, in any of many places, is never seen by another call of the same holder.",
    count=5_000,
    short_count=50,
    prepare=prepare,
    judge=judge,
)
