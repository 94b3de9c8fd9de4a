"""Nothing that anybody wrote runs in a real browser: the campaign's short form, with every page of the application."""

from __future__ import annotations

import random
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from soak import pages
from soak.campaign import carry_out

#: Records and addresses that are looked at one by one, and texts in lists and desks.
FEW, ALL = 3, 24


@pytest.mark.timeout(600)  # of which a machine at rest needs less than one tenth
def test_nothing_that_users_wrote_runs(bubblewrap: Path) -> None:
    campaign = replace(pages.CAMPAIGN, prepare=partial(pages.prepare, FEW, ALL))
    seed = random.randrange(10**6)
    _, judgement = carry_out(campaign, seed=seed, count=1, short=True)
    assert judgement.broken == [], (seed, judgement.figures)
