"""Clients and sites are killed at any moment of a deposit: nothing is half there, and the same again ends it."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from fomrepo.client.repository import Repository
from soak.campaign import Campaign, Found, Judgement, Trial
from soak.deposit_steps import REFUSAL_STEPS, client_steps, site_steps
from soak.kill_scene import WAIT_S, KillScene, kill_scene, said, until

USER = "alice"
#: Half of the kills come at a named step; the others at any moment of a deposit, which takes about so long.
ANY_MOMENT, DEPOSIT_S = "any moment", 1.5
#: One kill in so many is of the site.
SITE_EVERY = 3
#: What comes of a deposit that nobody kills: a draft that is given up, a file that is refused, otherwise a record.
ACCEPTED, ABANDONED, REFUSED = "accepted ", "abandoned", "failed file_refused "
ENDINGS = (ACCEPTED, ACCEPTED, ACCEPTED, ABANDONED, REFUSED)
#: How the files of a deposit come to the site: the last ones stay where they lie.
WAYS = ("wire", "door", "place")


class Kills:
    """Kills somebody amid a deposit, looks, and does it again."""

    def __init__(self, scene: KillScene) -> None:
        self._scene, self._federation = scene, scene.federation

    def trial(self, number: int, draw: random.Random) -> Found:
        """Kill somebody once."""
        scene, of_site = self._scene, number % SITE_EVERY == SITE_EVERY - 1
        form, way, ending = draw.choice(("folder", "command")), draw.choice(WAYS), draw.choice(ENDINGS)
        if ending == REFUSED:  # a folder's draft stays one, and so does one whose files were looked at where they lie
            form, way = "command", "wire" if way == "place" else way
        form, in_place = "abandon" if ending == ABANDONED else form, way == "place"
        steps = list(site_steps(form, in_place=in_place) if of_site else client_steps(form, in_place=in_place))
        if ending == REFUSED:
            steps = list(REFUSAL_STEPS) if of_site else [name for name in steps if "accepted" not in name]
        step = draw.choice([name for name in steps if "revised" not in name]) if draw.random() < 0.5 else ANY_MOMENT
        name = f"kill {number} {draw.getrandbits(32):08x}"
        folder = scene.new_folder(name, in_place=in_place, damaged=ending == REFUSED)
        named = step != ANY_MOMENT
        if step == "checked, not told":  # which one command does not ask for
            form = "folder"
        scene.site.die_at(step if of_site and named else "")
        client = scene.begin(folder, USER, form, way=way, die_at="" if of_site or not named else step)
        if not named:
            time.sleep(draw.random() * DEPOSIT_S)
            if of_site:
                scene.site.kill()
            else:
                with suppress(ProcessLookupError):  # it has done everything
                    os.kill(client, signal.SIGKILL)
        elif of_site:
            scene.site.wait_until_dead(WAIT_S)
        until(lambda: not Path(f"/proc/{client}").exists())
        if of_site:
            scene.site.die_at("")
            self._federation.start("site-a")
        found = {"victim": "site" if of_site else "client", "form": form, "way": way, "step": step}
        return {**found, "ending": ending, **self._afterwards(folder, form)}

    def _afterwards(self, folder: Path, form: str) -> Found:
        """What can be seen, and what comes of the same again."""
        acknowledged = [line.partition(" ")[2] for line in said(folder).splitlines() if line.startswith("accepted")]
        with self._federation.connect(USER) as repo:
            half = self._half_visible(repo, folder)
            again = self._scene.deposit(folder, USER, form)
            half += self._half_visible(repo, folder)
            records = sum(one.title == folder.name for one in repo.records())
        return {
            "half visible": half,
            "lost": [one for one in acknowledged if again != f"accepted {one}"],
            "again": again,
            "records": records,
            "left": self._scene.left_over(),
        }

    def _half_visible(self, repo: Repository, folder: Path) -> list[str]:
        try:
            self._scene.accessions(repo, folder)
        except (AssertionError, OSError) as error:
            return [str(error)]
        return []


@contextmanager
def prepare() -> Iterator[Trial]:
    """Start a site and the program that makes clients."""
    with kill_scene() as scene:
        yield Kills(scene).trial


def judge(found: list[Found], short: bool) -> Judgement:
    """Name what was half there, lost, doubled, or left lying about."""
    broken = []
    for number, one in enumerate(found):
        where = f"trial {number}, {one['victim']} killed at {one['step']} ({one['form']}, {one['way']})"
        broken += [f"{where}: {what}" for what in one["half visible"]]
        broken += [f"{where}: {what} was acknowledged and is another record now" for what in one["lost"]]
        broken += [] if one["again"].startswith(one["ending"]) else [f"{where}: again: {one['again']}"]
        broken += [f"{where}: {one['records']} records"] if one["records"] != (one["ending"] == ACCEPTED) else []
        broken += [f"{where}: left {one['left']}"] if one["left"] else []
    figures: dict[str, float | int | str] = {"kills": len(found)}
    for victim in ("client", "site"):
        figures[f"of the {victim}"] = sum(one["victim"] == victim for one in found)
    for what, ending in (("of drafts given up", ABANDONED), ("of files refused", REFUSED)):
        figures[what] = sum(one["ending"] == ending for one in found)
    figures["of files in place"] = sum(one["way"] == "place" for one in found)
    figures["at a named step"] = sum(one["step"] != ANY_MOMENT for one in found)
    figures["named steps"] = len({(one["victim"], one["step"]) for one in found if one["step"] != ANY_MOMENT})
    return Judgement(figures, broken)


CAMPAIGN = Campaign(
    promise="A kill leaves nothing half visible and loses nothing acknowledged; the same again ends in one record.",
    count=200,
    short_count=12,
    prepare=prepare,
    judge=judge,
)
