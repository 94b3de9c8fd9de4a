"""What makes two records similar: the same bytes, or the same simulated system."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from fomrepo.model.canonical import canonical_json, sha256_hex
from fomrepo.model.files import RecordVersion


class Likeness(StrEnum):
    """In what two records are the same; the closest first."""

    #: A file of both has the same bytes.
    CONTENT = "content"
    #: The chains have the same sequences.
    SEQUENCE = "sequence"
    #: As many residues of each name.
    COMPOSITION = "composition"
    #: As many atoms and residues.
    SIZE = "size"
    #: Both state the same force field, or the same temperature. Alone that makes nothing similar.
    FORCE_FIELD = "force field"
    TEMPERATURE = "temperature"


@dataclass(frozen=True, slots=True)
class SimilarRecord:
    """A record that is like another one."""

    #: Without its files.
    version: RecordVersion
    same: tuple[Likeness, ...]
    #: Files of the same bytes: the name in the record that was asked about, and the name in this one.
    contents: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class ComparedFile:
    """A file that is looked for among the files of records."""

    name: str
    #: SHA-256 of its bytes; empty if it is not known.
    digest: str = ""
    #: As :func:`fingerprints` gives them; what is not known is not there.
    fingerprints: Mapping[Likeness, str] = field(default_factory=dict)


def fingerprints(facts: Mapping[str, Any]) -> Iterator[tuple[Likeness, str]]:
    """Digests by which the system of a file is known again; none of a file that names no residues.

    Two files that state the same have the same fingerprint, whatever their formats are. Chains are compared without
    their names and order, which formats and programs change; residues and water as the files spell them.

    Parameters
    ----------
    facts
        What the probe reported, as docs/guest-protocol.md lists it; what has another shape makes another digest.
    """
    chains = facts.get("sequences")
    stated = {
        Likeness.SEQUENCE: sorted(
            f"{one.get('kind')} {one.get('letters')}" for one in chains if isinstance(one, Mapping)
        )
        if isinstance(chains, list)
        else None,
        Likeness.COMPOSITION: facts.get("residues"),
        Likeness.SIZE: [facts.get("n_atoms"), facts["n_residues"]] if facts.get("n_residues") else None,
    }
    for likeness, what in stated.items():
        if what:
            yield likeness, sha256_hex(canonical_json(what))
