"""The campaigns of deposits in their short forms: 300 damaged files, 40 hostile names, 12 kills."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from soak import deposit, kills
from soak.campaign import Campaign, carry_out


@pytest.mark.timeout(600)  # of which the sites of a machine at rest need less than one
@pytest.mark.filterwarnings("ignore")  # of the libraries that write good files of each type
@pytest.mark.parametrize("campaign", [deposit.CAMPAIGN, kills.CAMPAIGN], ids=["deposit", "kills"])
def test_a_promise_is_kept(bubblewrap: Path, campaign: Campaign) -> None:
    seed = random.randrange(10**6)
    _, judgement = carry_out(campaign, seed=seed, count=campaign.short_count, short=True)
    assert judgement.broken == [], (seed, judgement.figures)


def test_equal_seeds_damage_alike() -> None:
    content = bytes(range(256)) * 8
    first, second = (deposit.damaged(content, random.Random("1/7")) for _ in range(2))
    assert first == second
    assert first[1] != content
