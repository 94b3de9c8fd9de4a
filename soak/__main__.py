"""``script/soak NAME``: carry out a campaign, write what it came to, and end with 1 if a promise was broken."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from soak import bombs, canaries, changes, deposit, kills, pages, walls
from soak.campaign import Campaign, carry_out
from soak.report import write_report

CAMPAIGNS: dict[str, Campaign] = {
    "bombs": bombs.CAMPAIGN,
    "canaries": canaries.CAMPAIGN,
    "changes": changes.CAMPAIGN,
    "deposit": deposit.CAMPAIGN,
    "kills": kills.CAMPAIGN,
    "pages": pages.CAMPAIGN,
    "walls": walls.CAMPAIGN,
}

#: Journals of campaigns that are not finished.
JOURNALS = Path(__file__).parent.parent / ".cache" / "soak"


def main() -> int:
    """Carry out one campaign."""
    options = argparse.ArgumentParser(prog="script/soak", description=__doc__)
    options.add_argument("name", choices=CAMPAIGNS)
    options.add_argument("--short", action="store_true", help="few trials: some seconds")
    options.add_argument("--seed", type=int, default=1, help="equal seeds make equal trials (default 1)")
    options.add_argument("--count", type=int, help="number of trials")
    options.add_argument("--afresh", action="store_true", help="forget the trials of an interrupted campaign")
    chosen = options.parse_args()
    campaign = CAMPAIGNS[chosen.name]
    count = chosen.count or (campaign.short_count if chosen.short else campaign.count)
    JOURNALS.mkdir(parents=True, exist_ok=True)
    journal = JOURNALS / f"{chosen.name}-{chosen.seed}.jsonl"
    if chosen.afresh:
        journal.unlink(missing_ok=True)
    began = time.monotonic()

    def say(line: str) -> None:
        print(f"{chosen.name}: {line} ({time.monotonic() - began:.0f} s)", file=sys.stderr, flush=True)

    found, judgement = carry_out(campaign, seed=chosen.seed, count=count, short=chosen.short, journal=journal, say=say)
    text = write_report(
        chosen.name, campaign, judgement, count=len(found), seed=chosen.seed, took_s=time.monotonic() - began
    )
    print(text)
    journal.unlink(missing_ok=True)
    return int(bool(judgement.broken))


if __name__ == "__main__":
    sys.exit(main())
