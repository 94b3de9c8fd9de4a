"""Kills at every step of a deposit, of either side: nothing is half there, and the same again ends in one record.

A deposit is killed at the first step, done again, killed at the next one, and so on: the kills of all steps before are
behind it by then.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from soak.deposit_steps import COMMAND_STEPS, FOLDER_STEPS, SITE_STEPS
from soak.kill_scene import WAIT_S, KillScene, kill_scene, until

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


def test_a_site_killed_at_each_step_loses_nothing(scene: KillScene, user: str) -> None:
    """What was handed over goes on by itself when the site is back, so each step after that takes another deposit."""
    folders = [scene.new_folder("Killed at the site")]
    handed_over = list(SITE_STEPS).index("handed over")
    by_both_ways = [(step, way) for step in SITE_STEPS for way in ("wire", "door")[: 1 + ("bytes" in step)]]
    for step, way in by_both_ways:
        number = list(SITE_STEPS).index(step)
        if step == "draft revised, not told":
            scene.plan(folders[-1], "310 K")
        if number > handed_over:
            folders.append(scene.new_folder(f"Killed at the site, {step}"))
        scene.site.die_at(step)
        assert scene.deposit(folders[-1], user, "folder", way=way).startswith("failed "), (step, way)
        scene.site.wait_until_dead(WAIT_S)
        scene.site.die_at("")
        scene.federation.start("site-a")
        with scene.federation.connect(user) as repo:
            if number >= handed_over:
                until(lambda repo=repo: scene.accessions(repo, folders[-1]))
            else:
                assert scene.accessions(repo, folders[-1]) == []
    end_in_one_record_each(scene, folders, user, "folder")


@pytest.mark.parametrize("form", ["folder", "command"])
def test_a_client_killed_at_each_step_loses_nothing(scene: KillScene, user: str, form: str) -> None:
    folders = [scene.new_folder(f"Killed client of a {form}")]
    steps, way = (FOLDER_STEPS, "door") if form == "folder" else (COMMAND_STEPS, "wire")
    for step in steps:
        last_words = scene.deposit(folders[-1], user, form, way=way, die_at=step)
        assert not last_words.startswith(("accepted", "failed")), (step, last_words)
        with scene.federation.connect(user) as repo:
            there = scene.accessions(repo, folders[-1])
        assert len(there) == ("accepted" in step), step
        if there:
            folders.append(scene.new_folder(f"Killed client of a {form}, after {step}"))
    end_in_one_record_each(scene, folders, user, form)
