"""Records that are like what is deposited: told before a simulation is sent, or repeated, and when it is accepted."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

import typer

from fomrepo.cli.output import print_table
from fomrepo.errors import FomrepoError

if TYPE_CHECKING:
    from fomrepo.client.deposit_answers import CheckedFile
    from fomrepo.client.lifecycle import Similar
    from fomrepo.model.systems import ComparedFile

#: Most records that are shown to somebody who did not ask for them.
SHOWN = 5


def similar_document(one: Similar) -> dict[str, Any]:
    """What programs read about a record that is like another one."""
    facts = {"accession": one.record.accession, "version": one.record.version, "title": one.record.title}
    same = [{"file": file, "other": other} for file, other in one.contents]
    return {**facts, "path": one.record.path, "same": list(one.same), "same_files": same}


def similar_documents(found: list[Similar] | None) -> list[dict[str, Any]] | None:
    """All of them; None if no site could be asked."""
    return None if found is None else [similar_document(one) for one in found]


def similar_row(one: Similar) -> tuple[str, str, str, str]:
    """What people read about it."""
    return one.record.versioned, ", ".join(one.same), one.record.path, one.record.title


def asked_for_similar(ask: Callable[[], list[Similar]], *, quiet: bool) -> list[Similar] | None:
    """Ask a site; None if it cannot be asked, after saying why: what was done before is done all the same."""
    try:
        return ask()
    except FomrepoError as error:
        if not quiet:
            typer.echo(f"no site was asked for similar data: {error.message}", err=True)
        return None


def print_similar(found: list[Similar] | None, what: str, *, more: str = "") -> None:
    """Show people on stderr what is similar, if anything is.

    Parameters
    ----------
    found
        The closest first.
    what
        What it is similar to.
    more
        Command that shows all of them; empty if there is none.
    """
    if not found:
        return
    typer.echo(f"you may see data similar to {what}:", err=True)
    print_table([("", *similar_row(one)) for one in found[:SHOWN]], err=True)
    if len(found) > SHOWN:
        typer.echo(f"  and {len(found) - SHOWN} more{': ' if more else ''}{more}", err=True)


def compared_files(checked: Iterable[CheckedFile], digests: dict[str, str]) -> list[ComparedFile]:
    """What is known of files that are no record yet: their facts if they were looked at, digests of what was sent."""
    from fomrepo.model.systems import ComparedFile, fingerprints

    facts = {one.name: one.facts for one in checked}
    return [
        ComparedFile(name, digests.get(name, ""), dict(fingerprints(facts.get(name, {}))))
        for name in dict.fromkeys((*facts, *digests))
    ]
