"""Kills at every step of a deposit, of either side: nothing is half there, and the same again ends in one record.

A deposit is killed at the first step, done again, killed at the next one, and so on: the kills of all steps before are
behind it by then. Where files stay in place, and of drafts that are given up or refused, the steps are tried here that
no other deposit has; ``script/soak kills`` comes to all.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from soak.deposit_steps import SITE_STEPS, client_steps
from soak.kill_scene import WAIT_S, KillScene, kill_scene, until

#: Steps of the site at which deposits are killed whose files are copied, over the wire and some also at the door; and
#: those whose files stay in place.
AT_THE_DOOR_TOO = ("bytes written", "bytes safe, not noted")
COPIED = [(step, way) for step in SITE_STEPS for way in ("wire", "door")[: 1 + (step in AT_THE_DOOR_TOO)]]
IN_PLACE = ["handed over open", "place kept, bytes not noted", "bytes noted, not told", "stored, not accepted"]

pytestmark = pytest.mark.timeout(300)  # twenty starts of a site, on a machine under load


@pytest.fixture(scope="module")
def scene(bubblewrap: Path) -> Iterator[KillScene]:
    with kill_scene() as prepared:
        yield prepared


def end_in_one_record_each(scene: KillScene, folders: list[Path], user: str, form: str) -> None:
    """Deposit all of them again, twice: what was seen before is what is told."""
    with scene.federation.connect(user) as repo:
        for folder in folders:
            before = scene.accessions(repo, folder)
            told = {scene.deposit(folder, user, form) for _ in range(2)}
            (accession,) = scene.accessions(repo, folder)
            assert told == {f"accepted {accession}"}
            assert before in ([], [accession])
    assert scene.left_over() == []


def kill_site(scene: KillScene, folder: Path, user: str, form: str, step: str, *, way: str = "wire") -> None:
    """Have the site die at a step of a deposit, and start it again."""
    scene.site.die_at(step)
    assert scene.deposit(folder, user, form, way=way).startswith("failed "), (step, way)
    scene.site.wait_until_dead(WAIT_S)
    scene.site.die_at("")
    scene.federation.start("site-a")


@pytest.mark.parametrize("in_place", [False, True], ids=["copied", "in place"])
def test_a_site_killed_at_each_step_loses_nothing(scene: KillScene, user: str, *, in_place: bool) -> None:
    """What was handed over goes on by itself when the site is back, so each step after that takes another deposit."""
    title = f"Killed at the site{', in place' if in_place else ''}"
    folders = [scene.new_folder(title, in_place=in_place)]
    numbers = {step: number for number, step in enumerate(SITE_STEPS)}
    handed_over = numbers["handed over"]
    for step, way in [(step, "door") for step in IN_PLACE] if in_place else COPIED:
        number = numbers.get(step, 0)
        if step == "draft revised, not told":
            scene.plan(folders[-1], "310 K")
        if number > handed_over:
            folders.append(scene.new_folder(f"{title}, {step}", in_place=in_place))
        kill_site(scene, folders[-1], user, "folder", step, way=way)
        with scene.federation.connect(user) as repo:
            if number >= handed_over:
                until(lambda repo=repo: scene.accessions(repo, folders[-1]))
            else:
                assert scene.accessions(repo, folders[-1]) == []
    end_in_one_record_each(scene, folders, user, "folder")


def test_what_a_site_killed_amid_giving_up_a_draft_had_of_it_goes(scene: KillScene, user: str) -> None:
    for in_place in (False, True):
        folder = scene.new_folder(f"Given up, {in_place}", in_place=in_place)
        kill_site(scene, folder, user, "abandon", "given up, bytes there")
        with scene.federation.connect(user) as repo:
            assert scene.accessions(repo, folder) == []
        assert scene.left_over() == []
        assert scene.deposit(folder, user, "abandon") == "abandoned"
        end_in_one_record_each(scene, [folder], user, "folder")


def test_a_site_killed_amid_a_refusal_comes_to_the_same_one(scene: KillScene, user: str) -> None:
    for step in ("refused, not noted", "refusal noted, bytes there"):
        folder = scene.new_folder(f"Refused, {step}", damaged=True)
        kill_site(scene, folder, user, "command", step)
        told = {scene.deposit(folder, user, "command") for _ in range(2)}
        assert len(told) == 1, told
        assert told.pop().startswith("failed file_refused ")
        with scene.federation.connect(user) as repo:
            assert scene.accessions(repo, folder) == []
        assert scene.left_over() == []


@pytest.mark.parametrize(("form", "in_place"), [("folder", False), ("command", False), ("command", True)])
def test_a_client_killed_at_each_step_loses_nothing(scene: KillScene, user: str, form: str, *, in_place: bool) -> None:
    title = f"Killed client of a {form}{', in place' if in_place else ''}"
    folders = [scene.new_folder(title, in_place=in_place)]
    way = "door" if form == "folder" else "wire"
    for step in client_steps(form, in_place=in_place):
        last_words = scene.deposit(folders[-1], user, form, way=way, die_at=step)
        assert not last_words.startswith(("accepted", "failed")), (step, last_words)
        with scene.federation.connect(user) as repo:
            there = scene.accessions(repo, folders[-1])
        assert len(there) == ("accepted" in step), step
        if there:
            folders.append(scene.new_folder(f"{title}, after {step}", in_place=in_place))
    end_in_one_record_each(scene, folders, user, form)


def test_a_client_killed_amid_giving_up_gives_up_again(scene: KillScene, user: str) -> None:
    folder = scene.new_folder("Given up by a client")
    for step in client_steps("abandon", in_place=False):
        assert scene.deposit(folder, user, "abandon", die_at=step) == "pushed", step
    assert scene.deposit(folder, user, "abandon") == "abandoned"
    assert scene.left_over() == []
    end_in_one_record_each(scene, [folder], user, "folder")
