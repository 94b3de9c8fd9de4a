"""Each campaign in its short form, and how campaigns are carried out."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from soak import bombs, canaries, changes, walls
from soak.__main__ import CAMPAIGNS
from soak.campaign import Campaign, Found, Judgement, Trial, carry_out
from soak.figures import percentile
from soak.report import write_report
from tests.guest.conftest import NOT_OURS


@pytest.mark.parametrize(
    "campaign", [bombs.CAMPAIGN, canaries.CAMPAIGN, walls.CAMPAIGN], ids=["bombs", "canaries", "walls"]
)
@pytest.mark.filterwarnings(*NOT_OURS)
def test_a_promise_is_kept(bubblewrap: Path, campaign: Campaign) -> None:
    seed = random.randrange(10**6)
    _, judgement = carry_out(campaign, seed=seed, count=campaign.short_count, short=True)
    assert judgement.broken == [], (seed, judgement.figures)


def test_no_answer_is_older_than_its_question() -> None:
    seed = random.randrange(10**6)
    _, judgement = carry_out(changes.CAMPAIGN, seed=seed, count=changes.CAMPAIGN.short_count, short=True)
    assert judgement.broken == [], (seed, judgement.figures)


def _counting(made: list[int]) -> Campaign:
    @contextmanager
    def prepare() -> Iterator[Trial]:
        def trial(number: int, draw: random.Random) -> Found:
            if len(made) == 4:
                raise KeyboardInterrupt
            made.append(number)
            return {"number": number, "drawn": draw.random()}

        yield trial

    def judge(found: list[Found], short: bool) -> Judgement:
        return Judgement({"trials": len(found)}, [] if short else ["one promise"])

    return Campaign("A promise.", 10, 3, prepare, judge)


def test_an_interrupted_campaign_goes_on_with_equal_trials(tmp_path: Path) -> None:
    whole, _ = carry_out(_counting([99] * 9), seed=5, count=6, short=True)
    first, second = [], [99] * 9
    with pytest.raises(KeyboardInterrupt):
        carry_out(_counting(first), seed=5, count=6, short=True, journal=tmp_path / "journal")
    with (tmp_path / "journal").open("a") as journal:
        journal.write('\n[4, {"number"')  # it was cut here
    found, _ = carry_out(_counting(second), seed=5, count=6, short=True, journal=tmp_path / "journal")
    assert (first, second[9:]) == ([0, 1, 2, 3], [4, 5])
    assert found == whole
    assert carry_out(_counting([99] * 9), seed=6, count=6, short=True)[0] != whole


def test_a_report_says_what_was_broken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("soak.report.RESULTS", tmp_path)
    campaign = _counting([99] * 9)
    _, judgement = carry_out(campaign, seed=5, count=2, short=False)
    page = write_report("counting", campaign, judgement, count=2, seed=5, took_s=1.0)
    assert (tmp_path / "counting.md").read_text() == page
    assert "**Broken** in 2 trials with the seed 5" in page
    assert "- broken: one promise" in page
    assert '"kept": false' in (tmp_path / "counting.json").read_text()


def test_a_percentile_is_one_of_the_values() -> None:
    assert [percentile([3.0, 1.0, 2.0, 4.0], part) for part in (0, 50, 51, 99, 100)] == [1.0, 2.0, 3.0, 4.0, 4.0]
    assert percentile([], 50) == 0.0


def test_every_campaign_has_a_name() -> None:
    assert {"bombs", "canaries", "walls"} <= set(CAMPAIGNS)
