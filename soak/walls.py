"""A run that meets its limit by the clock ends soon after it, whatever it does."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager

from soak.campaign import Campaign, Found, Judgement, Trial
from soak.figures import percentile
from soak.sites import Player, players

HEAD = "import hashlib, re, signal, threading, time\n\ndef spin():\n    while True:\n        pass\n\n"
HEAD += "def method(universe, frames):\n"
#: What the method does.
METHODS = {
    "spinning": "    spin()\n",
    "sleeping": "    time.sleep(1000)\n",
    "deaf": "    for n in range(1, 65):\n        try:\n            signal.signal(n, signal.SIG_IGN)\n"
    "        except (OSError, ValueError):\n            pass\n    spin()\n",
    "inside one call of C": "    re.match(r'(a*)*b', 'a' * 64)\n",
    "in threads": "    for _ in range(8):\n        threading.Thread(target=spin, daemon=True).start()\n    spin()\n",
    "writing its log": "    while True:\n        print('x' * 64)\n        time.sleep(0.001)\n",
    "reporting progress": "    while True:\n        for _ in frames:\n            pass\n",
}
#: By the clock: hot, and cold, where a run begins with its imports.
LIMITS_S = {"hot": 0.25, "cold": 2.0}
#: One trial in so many is cold.
COLD_EVERY = 4

#: What the clock may be overrun by, of 99 in 100 runs.
ALLOWED_S = 0.1
#: On a machine that is busy with other things: of half of them, and of all beyond what a sleeper oversleeps there.
SHORT_ALLOWED_S = (0.1, 0.5)


@contextmanager
def prepare() -> Iterator[Trial]:
    """Start the sites; a trial is one run, by each user in turn."""
    with players() as found:
        yield lambda number, draw: _overrun(found[number % len(found)], number // len(found) % COLD_EVERY == 0, draw)


def _overrun(player: Player, is_cold: bool, draw: random.Random) -> Found:
    way, what = "cold" if is_cold else "hot", draw.choice(tuple(METHODS))
    source = HEAD + METHODS[what]
    limit_s = LIMITS_S[way]
    overslept_s = player.site.oversleep_s()
    answer = player.cold(source, wall_s=limit_s) if is_cold else player.hot(source, wall_s=limit_s)
    limit = answer.get("limit") or {}
    return {
        "identity": player.identity,
        "way": way,
        "what": what,
        "ended": limit.get("name") or answer.get("ended") or str(answer),
        "over_s": round(answer.get("took_s", 0.0) - limit_s, 4),
        "overslept_s": round(max(overslept_s, player.site.oversleep_s()), 4),
    }


def judge(found: list[Found], short: bool) -> Judgement:
    """All ended by the limit ``wall``, soon after it."""
    figures: dict[str, float | int | str] = {"runs": len(found)}
    broken = [
        f"trial {number}, {trial['way']}, {trial['what']}: it ended so: {trial['ended'][:200]}"
        for number, trial in enumerate(found)
        if trial["ended"] != "wall"
    ]
    for way in ("hot", "cold"):
        overruns = [trial["over_s"] for trial in found if trial["way"] == way]
        for part in (50, 99, 100):
            name = {100: "worst"}.get(part, f"p{part}")
            figures[f"{way}: returned after the limit, {name}"] = f"{1000 * percentile(overruns, part):.1f} ms"
    overruns = [trial["over_s"] for trial in found]
    figures["a sleeper of this machine oversleeps, p99"] = (
        f"{1000 * percentile([trial['overslept_s'] for trial in found], 99):.1f} ms"
    )
    figures["all: returned after the limit, p50"] = f"{1000 * percentile(overruns, 50):.1f} ms"
    figures["all: returned after the limit, p99"] = f"{1000 * percentile(overruns, 99):.1f} ms"
    if short:
        half, all_s = SHORT_ALLOWED_S
        late = [trial for trial in found if trial["over_s"] > all_s + 2 * trial["overslept_s"]]
        if percentile(overruns, 50) > half or late:
            broken.append(
                f"the clock was overrun by {1000 * percentile(overruns, 50):.0f} ms at p50; too late: {late[:3]}"
            )
    elif percentile(overruns, 99) > ALLOWED_S:
        broken.append(f"the clock was overrun by {1000 * percentile(overruns, 99):.0f} ms at p99")
    return Judgement(figures, broken)


CAMPAIGN = Campaign(
    promise="A run returns at most 100 ms after its limit by the clock in 99 of 100 cases, hot and cold.",
    count=300,
    short_count=16,
    prepare=prepare,
    judge=judge,
)
