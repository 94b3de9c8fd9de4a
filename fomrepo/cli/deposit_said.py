"""Options by which a depositor says what a deposit is: the same ones for files, in place or not, and for a folder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, Any

import typer

from fomrepo.cli.metadata import split_claim
from fomrepo.errors import ArgumentError
from fomrepo.model.deposit_plan import PLAN_NAME, Creator, DepositPlan

Creators = Annotated[
    list[str] | None, typer.Option("--creator", help="Who made it: NAME or NAME (ORCID). Several: give it again.")
]
Licence = Annotated[str | None, typer.Option(help="SPDX identifier, such as CC-BY-4.0.")]
Category = Annotated[list[str] | None, typer.Option(help="Kind of data. Several: give it again.")]
Claims = Annotated[
    list[str] | None,
    typer.Option(
        "--metadata",
        metavar="NAME=VALUE",
        help='What the files do not say, such as temperature="300 K". Several: give it again.',
    ),
]


def with_said(
    plan: DepositPlan,
    *,
    creators: Sequence[str] | None,
    licence: str | None,
    category: Sequence[str] | None,
    metadata: Sequence[str] | None,
) -> DepositPlan:
    """Put what the options say in the place of what a plan says.

    Raises
    ------
    ArgumentError
        Naming what is wrong, and how it is written.
    """
    said = replace(
        plan,
        creators=tuple(Creator.parse(one) for one in creators or ()) or plan.creators,
        licence=licence or plan.licence,
        category=tuple(category or ()) or plan.category,
        metadata={**plan.metadata, **dict(map(split_claim, metadata or ()))},
    )
    try:
        said.check()
    except ArgumentError as error:
        option = str(error.facts.get("key", "")).partition(".")[0]
        if not {"licence": licence, "metadata": metadata}.get(option):
            raise
        message = error.message.replace(f" in {PLAN_NAME}", "", 1)  # where it was not said
        raise ArgumentError(message, remedy=f"mend --{option}", facts=error.facts) from None
    return said


def claims_of(plan: DepositPlan) -> dict[str, Any]:
    """What a plan claims, without what it leaves open."""
    return {name: value for name, value in plan.claims().items() if value}
