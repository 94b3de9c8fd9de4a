"""Guest: what a topology is made of: its residues, chains, water and ions, told by names and, where there, charges."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

NAME_LIMIT, NAMES_LIMIT = 8, 200  # characters of a name; names of residues, more than any force field has in one system
CHAINS_LIMIT, LETTERS_LIMIT = 500, 100_000  # the largest virus capsids have a few hundred chains

# One-letter code, then the names that force fields and the PDB have for the residue as it is charged and bound.
AMINO_ACIDS = """
A ALA ALAD|R ARG ARGN|N ASN ASN1|D ASP ASH ASPH ASPP ASF|C CYS CYX CYM CYSH CYS1 CYS2 CYSG|Q GLN QLN
E GLU GLH GLUH GLUP PGLU|G GLY|H HIS HSD HSE HSP HID HIE HIP HISA HISB HISD HISE HISH HIS1 HIS2|I ILE|L LEU
K LYS LYN LYSH LSN|M MET MSE|F PHE|P PRO HYP|S SER|T THR|W TRP|Y TYR|V VAL|U SEC|O PYL
"""
NUCLEOTIDES = "A ADE A DA RA|C CYT C DC RC|G GUA G DG RG|T THY T DT|U URA U RU"
BACKBONE = frozenset({"N", "CA", "C"})  # a residue with all of these is an amino acid, whatever its name
WATER = "SOL WAT HOH H2O OH2 DOD TIP TIP2 TIP3 TIP4 TIP5 T3P T4P T5P TP3 TP4 TP5 TIP3P TIP4P SPC SPCE OPC W"
# Names of ions, where the residue is one atom.
IONS = """
NA NA+ SOD K K+ POT LI LI+ LIT RB RB+ RUB CS CS+ CES CL CL- CLA BR BR- I I- IOD F F- MG MG2 MG2+ CA CA2 CA2+ CAL
ZN ZN2 ZN2+ MN MN2 FE FE2 FE3 CU CU1 CU2 CO NI CD CD2 SR BA BAR HG AG
"""
# Sites of a water, its most negative charge, and the models that have both: rigid and flexible variants share them.
WATER_MODELS = (
    (3, -0.834, "TIP3P"), (3, -0.82, "SPC"), (3, -0.8476, "SPC/E"), (3, -0.84844, "TIP3P-FB"), (3, -0.89517, "OPC3"),
    (4, -1.04, "TIP4P"), (4, -1.04844, "TIP4P-Ew"), (4, -1.05174, "TIP4P-FB"), (4, -1.1128, "TIP4P/2005"),
    (4, -1.1794, "TIP4P/Ice"), (4, -1.3582, "OPC"), (5, -0.241, "TIP5P"),
)  # fmt: skip
SAME_CHARGE = 2e-4  # the closest two models are 8e-4 apart, and files round to 1e-4 or less


@dataclass(frozen=True, slots=True)
class _Residue:
    """Atoms that follow each other and are of one residue."""

    number: str
    name: str
    segment: str
    first: int  # index of its first atom
    last: int  # of its last one, exclusive


def composition(
    keys: Sequence[tuple[Any, str, str]], names: Sequence[str], charges: np.ndarray | None = None
) -> dict[str, Any]:
    """Return what a topology is made of, as facts.

    Parameters
    ----------
    keys
        Number, name and segment of the residue of each atom.
    names
        Name of each atom.
    charges
        (atom,), elementary charges; None where the file has none.

    Returns
    -------
    dict
        `residues` (name -> how many), `sequences`, `water`, `ions`, `total_charge`; without what is not there.
    """
    residues = list(_residues(keys))
    counts = Counter(residue.name for residue in residues if residue.name)
    water_names, ion_names = set(WATER.split()), set(IONS.split())
    waters = [residue for residue in residues if residue.name in water_names]
    ions = Counter(one.name for one in residues if one.name.upper() in ion_names and one.last - one.first == 1)
    found = {
        "residues": dict(counts.most_common(NAMES_LIMIT)),
        "sequences": _sequences(residues, names),
        "water": _water(waters, charges),
        "ions": dict(ions.most_common(NAMES_LIMIT)),
        "total_charge": None
        if charges is None
        else {"value": round(float(charges.sum()), 3) + 0.0, "unit": "elementary_charge"},
    }
    return {name: value for name, value in found.items() if value}


def _residues(keys: Sequence[tuple[Any, str, str]]) -> Iterator[_Residue]:
    """Give the residues: runs of atoms with equal keys."""
    first = 0
    for place in range(1, len(keys) + 1):
        if place == len(keys) or keys[place] != keys[first]:
            number, name, segment = keys[first]
            yield _Residue(str(number).strip(), _plain(name), _plain(segment), first, place)
            first = place


def _plain(name: str) -> str:
    """Return a name without spaces at its ends and without what is no text."""
    return "".join(letter for letter in name.strip() if letter.isprintable())[:NAME_LIMIT]


def _sequences(residues: Sequence[_Residue], names: Sequence[str]) -> list[dict[str, str]]:
    """Return the chains of amino acids and nucleotides, each with its kind, segment and letters."""
    chains: list[tuple[str, str, list[str]]] = []
    known = _codes(AMINO_ACIDS, "protein") | _codes(NUCLEOTIDES, "nucleic acid")
    before: _Residue | None = None
    for residue in residues:
        letter, kind = _code(residue, known, names)
        if kind:
            goes_on = before is not None and residue.segment == before.segment and _follows(residue, before)
            if not goes_on or chains[-1][0] != kind:
                chains.append((kind, residue.segment, []))
            chains[-1][2].append(letter)
        before = residue if kind else None
    kept, n_letters = [], 0
    for kind, segment, letters in chains[:CHAINS_LIMIT]:
        n_letters += len(letters)
        if len(letters) > 1 and n_letters <= LETTERS_LIMIT:  # one alone is a ligand
            kept.append({"kind": kind, "segment": segment, "letters": "".join(letters)})
    return kept


def _follows(residue: _Residue, before: _Residue) -> bool:
    """Tell whether the numbers of residues do not begin again; letters behind a number tell insertions."""
    try:
        return int(residue.number) > int(before.number)
    except ValueError:
        return True


def _code(residue: _Residue, known: Mapping[str, tuple[str, str]], names: Sequence[str]) -> tuple[str, str]:
    """Return letter and kind of a residue; AMBER writes N, C before its name or 5, 3, N behind it at ends of chains."""
    name = residue.name
    for plain in (name, name[1:] if name[:1] in ("N", "C") and len(name) == 4 else "", name.rstrip("35N")):
        if plain in known:
            return known[plain]
    atoms = {one.strip() for one in names[residue.first : residue.last]}
    return ("X", "protein") if atoms >= BACKBONE else ("", "")


def _codes(table: str, kind: str) -> dict[str, tuple[str, str]]:
    """Return letter and kind by the name of a residue."""
    rows = [row.split() for line in table.split("\n") for row in line.split("|") if row]
    return {name: (letter, kind) for letter, *names in rows for name in names}


def _water(waters: Sequence[_Residue], charges: np.ndarray | None) -> dict[str, Any]:
    """Return how many waters there are, of how many sites, and what model has such charges: a guess, and why."""
    if not waters:
        return {}
    sites = waters[0].last - waters[0].first
    found: dict[str, Any] = {"count": len(waters), "sites": sites}
    if charges is not None and all(one.last - one.first == sites for one in waters):
        lowest = round(float(charges[waters[0].first : waters[0].last].min()), 5)
        model = next((name for n, q, name in WATER_MODELS if n == sites and abs(q - lowest) < SAME_CHARGE), None)
        if model is not None:
            found |= {"model": model, "told_by": f"a guess by {sites} sites and a charge of {lowest:g} e"}
    return found
