"""What makes two records similar: the same bytes, or the same simulated system."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
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


#: Facts of a file that each likeness is told from; a file that lacks one of them has no such fingerprint.
_ASPECTS: Mapping[Likeness, tuple[str, ...]] = {
    Likeness.SEQUENCE: ("sequence",),
    Likeness.COMPOSITION: ("composition",),
    Likeness.SIZE: ("n_atoms", "n_residues"),
}


@dataclass(frozen=True, slots=True)
class SimilarRecord:
    """A record that is like another one."""

    #: Without its files.
    version: RecordVersion
    same: tuple[Likeness, ...]
    #: Files of the same bytes: the name in the record that was asked about, and the name in this one.
    contents: tuple[tuple[str, str], ...] = ()


def fingerprints(facts: Mapping[str, Any]) -> Iterator[tuple[Likeness, str]]:
    """Digests by which the system of a file is known again; none of a file that names no residues.

    Two files that state the same facts have the same fingerprint, whatever their formats are. Names of residues and
    sequences are compared as the files spell them.
    """
    for aspect, names in _ASPECTS.items():
        if all(facts.get(one) for one in names):
            yield aspect, sha256_hex(canonical_json([facts[one] for one in names]))
