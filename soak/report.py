"""What a campaign came to, as JSON and as a page, in ``soak/results``."""

from __future__ import annotations

import datetime
import json
import os
import platform
from pathlib import Path

from soak.campaign import Campaign, Judgement

RESULTS = Path(__file__).parent / "results"


def write_report(name: str, campaign: Campaign, judgement: Judgement, *, count: int, seed: int, took_s: float) -> str:
    """Write both, and return the page."""
    RESULTS.mkdir(exist_ok=True)
    facts = {
        "campaign": name,
        "promise": campaign.promise,
        "kept": not judgement.broken,
        "broken": judgement.broken,
        "trials": count,
        "seed": seed,
        "took_s": round(took_s, 1),
        "at": f"{datetime.datetime.now(datetime.UTC):%Y-%m-%d %H:%M} UTC",
        "machine": f"{os.cpu_count()} processors, Linux {platform.release()}, load {os.getloadavg()[0]:.1f} at the end",
        "figures": judgement.figures,
    }
    (RESULTS / f"{name}.json").write_text(json.dumps(facts, indent=2) + "\n")
    page = "\n".join(
        [
            f"# {name}",
            "",
            campaign.promise,
            "",
            f"**{'Kept' if facts['kept'] else 'Broken'}** in {count} trials with the seed {seed}, {facts['at']}; "
            f"{facts['machine']}; {took_s:.0f} s.",
            "",
            *(f"- broken: {line}" for line in judgement.broken),
            *([""] if judgement.broken else []),
            "| | |",
            "|---|---:|",
            *(f"| {key} | {value} |" for key, value in judgement.figures.items()),
            "",
        ]
    )
    (RESULTS / f"{name}.md").write_text(page)
    return page
