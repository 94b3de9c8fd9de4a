"""Guest: the sequences of the proteins and nucleic acids in a system."""

from __future__ import annotations

from typing import Any

import numpy as np

# One-letter code, then the names that force fields and the PDB have for the residue in its various protonation states.
AMINO_ACIDS = """
A ALA ALAD
R ARG ARGN
N ASN ASN1
D ASP ASH ASPH ASPP ASF
C CYS CYX CYM CYSH CYS1 CYS2 CYSG
Q GLN QLN
E GLU GLH GLUH GLUP PGLU
G GLY
H HIS HSD HSE HSP HID HIE HIP HISA HISB HISD HISE HISH HIS1 HIS2
I ILE
L LEU
K LYS LYN LYSH LSN
M MET MSE
F PHE
P PRO HYP
S SER
T THR
W TRP
Y TYR
V VAL
U SEC
O PYL
"""
NUCLEOTIDES = """
A ADE A DA RA
C CYT C DC RC
G GUA G DG RG
T THY T DT
U URA U RU
"""
BACKBONE = {"N", "CA", "C"}  # a residue with all of these is an amino acid, whatever its name


def sequence(universe: Any) -> dict[str, Any]:
    """Spell each chain in one-letter codes.

    Parameters
    ----------
    universe
        Topology, structure or trajectory with residues.

    Returns
    -------
    dict
        A row for each chain: `chain_names`, `kinds`, `sequences`, `lengths`, `first_resids`.
    """
    residues = universe.residues
    letters, kinds = _letters_and_kinds(residues)
    polymer = np.flatnonzero(kinds != "")
    segments, steps = residues.segindices[polymer], np.diff(residues.resids[polymer])
    inserted = np.zeros(len(steps), bool)  # a PDB numbers 52, 52A, 52B what is longer in one protein than in its kin
    if hasattr(residues, "icodes"):
        codes = residues.icodes.astype(str)[polymer]
        inserted = (steps == 0) & (codes[1:] != codes[:-1])
    # A chain ends with its segment, with its kind, and where the numbers of residues begin again.
    ends = (np.diff(segments) != 0) | ((steps <= 0) & ~inserted) | (kinds[polymer][1:] != kinds[polymer][:-1])
    chains = np.split(polymer, np.flatnonzero(ends) + 1) if len(polymer) else []
    return {
        "chain_names": [str(residues[chain[0]].segid) for chain in chains],
        "kinds": [str(kinds[chain[0]]) for chain in chains],
        "sequences": ["".join(letters[chain]) for chain in chains],
        "lengths": [len(chain) for chain in chains],
        "first_resids": [int(residues.resids[chain[0]]) for chain in chains],
    }


def _letters_and_kinds(residues: Any) -> tuple[np.ndarray, np.ndarray]:
    """Return one-letter code and kind of each residue, both empty for what is no part of a chain."""
    if not hasattr(residues, "resnames"):
        return np.full(len(residues), ""), np.full(len(residues), "")
    names, firsts, of_name = np.unique(residues.resnames.astype(str), return_index=True, return_inverse=True)
    known = _codes(AMINO_ACIDS, "protein") | _codes(NUCLEOTIDES, "nucleic acid")
    found = [
        _code(name, known, residues[first].atoms.names if hasattr(residues.atoms, "names") else [])
        for name, first in zip(names, firsts, strict=True)
    ]
    letters, kinds = np.array(found).T
    return letters[of_name], kinds[of_name]


def _code(name: str, known: dict[str, tuple[str, str]], atom_names: Any) -> tuple[str, str]:
    """Return letter and kind of a residue by its name; AMBER writes N, C before it or 5, 3, N behind at ends."""
    for plain in (name, name[1:] if name[:1] in ("N", "C") and len(name) == 4 else "", name.rstrip("35N")):
        if plain in known:
            return known[plain]
    return ("X", "protein") if set(atom_names) >= BACKBONE else ("", "")


def _codes(table: str, kind: str) -> dict[str, tuple[str, str]]:
    """Return letter and kind by the name of a residue."""
    rows = [line.split() for line in table.split("\n") if line]
    return {name: (letter, kind) for letter, *names in rows for name in names}
