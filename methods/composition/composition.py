"""Guest: what a system is made of."""

from __future__ import annotations

from typing import Any

import numpy as np
from MDAnalysis.guesser.default_guesser import DefaultGuesser
from MDAnalysis.guesser.tables import masses as MASSES  # noqa: N812 - it is a constant

KINDS = ("protein", "nucleic acid", "lipid", "water", "ion", "other")
NAMES = {
    "water": """SOL WAT WATE HOH H2O OH2 HHO OHH DOD TIP TIP2 TIP3 TIP4 TIP5 T3P T4P T5P TP3 TP4 TP5 SPC SPCE OPC W PW
        WN""",
    "ion": """NA NA+ Na+ Na SOD NAA K K+ POT LI LI+ LIT RB RB+ RUB CS CS+ CES CL CL- Cl- Cl CLA CLB F F- BR BR- I I- IOD
        MG MG2 MG2+ CA CA2 CA2+ CAL ZN ZN2 ZN2+ MN MN2 FE FE2 FE3 CU CU1 CU2 CO NI CD CD2 SR BA BAR HG AL AG ION""",
    "lipid": """POPC POPE POPG POPS POPA POPI DPPC DPPE DPPG DPPS DMPC DMPE DMPG DOPC DOPE DOPG DOPS DLPC DLPE DSPC DSPE
        PLPC PLPE SAPC SDPC SOPC PSM SSM CHOL CHL1 CHL CLR ERG TOCL CDL1 CDL2 POP2 SAPI DDPC DHPC DPC SDS""",
}


def composition(universe: Any) -> dict[str, Any]:
    """Count atoms, residues and molecules by what they are.

    Parameters
    ----------
    universe
        Topology, structure or trajectory.

    Returns
    -------
    dict
        Tables of kinds, residues, elements and, where the topology has bonds, molecules.
    """
    residues = universe.residues
    names = residues.resnames.astype(str) if hasattr(residues, "resnames") else np.full(len(residues), "UNK")
    kinds = _kinds(universe, names)
    sizes = np.array([len(indices) for indices in residues.indices])
    masses = residues.masses if hasattr(universe.atoms, "masses") else None
    present = [kind for kind in KINDS if kind in kinds]
    residue_names, firsts = np.unique(names, return_index=True)
    elements, element_counts, guessed = _elements(universe.atoms)
    return {
        "kinds": present,
        "kind_residues": [int((kinds == kind).sum()) for kind in present],
        "kind_atoms": [int(sizes[kinds == kind].sum()) for kind in present],
        "kind_masses": None if masses is None else [float(masses[kinds == kind].sum()) for kind in present],
        "residue_names": residue_names.tolist(),
        "residue_kinds": kinds[firsts].tolist(),
        "residue_counts": [int((names == name).sum()) for name in residue_names],
        "residue_atoms": [int(sizes[names == name].sum()) for name in residue_names],
        "elements": elements,
        "element_counts": element_counts,
        "elements_guessed": guessed,
        **_molecules(universe, names, kinds, sizes),
    }


def _kinds(universe: Any, names: np.ndarray) -> np.ndarray:
    """Return the kind of each residue, by its name."""
    kinds = np.full(len(names), "other", dtype="U12")
    for kind, listed in NAMES.items():
        kinds[np.isin(names, listed.split())] = kind
    if hasattr(universe.residues, "resnames"):
        for select, kind in (("nucleic", "nucleic acid"), ("protein", "protein")):
            kinds[universe.select_atoms(select).residues.resindices] = kind
    return kinds


def _elements(atoms: Any) -> tuple[list[str], list[int], bool]:
    """Return the elements, how many atoms each has, and whether any had to be guessed."""
    given = atoms.elements.astype(str) if hasattr(atoms, "elements") else np.full(len(atoms), "")
    guessed = given == ""
    by_name = hasattr(atoms, "names")
    sources = atoms.names.astype(str) if by_name else atoms.masses
    guess = DefaultGuesser(None).guess_atom_element if by_name else _of_mass
    found = {source: guess(source) for source in np.unique(sources[guessed])}
    given = np.where(guessed, [found.get(source, "") for source in sources], given)
    symbols, counts = np.unique(np.char.capitalize(given), return_counts=True)
    return symbols.tolist(), counts.tolist(), bool(guessed.any())


def _of_mass(mass: float) -> str:
    """Return the element of that mass, in dalton, or Unknown."""
    nearest = min(MASSES, key=lambda element: abs(MASSES[element] - mass))
    return nearest if abs(MASSES[nearest] - mass) < 0.1 else "Unknown"


def _molecules(universe: Any, names: np.ndarray, kinds: np.ndarray, sizes: np.ndarray) -> dict[str, Any]:
    """Return a table of molecules: what hangs together by bonds, alike if the residues are the same in order."""
    # Some files list a few bonds only, as the CONECT lines of a PDB; even water of four sites has one for two atoms.
    if not hasattr(universe, "bonds") or 2 * len(universe.bonds) < sizes[sizes > 1].sum() or not len(universe.bonds):
        return dict.fromkeys(("molecule_names", "molecule_counts", "molecule_residues", "molecule_atoms"))
    firsts = [indices[0] for indices in universe.residues.indices]
    _, of_residue = np.unique(universe.atoms.fragindices[firsts], return_inverse=True)
    order = np.argsort(of_residue, kind="stable")
    members = np.split(order, np.flatnonzero(np.diff(of_residue[order])) + 1)
    alike: dict[tuple[str, ...], list[np.ndarray]] = {}
    for residues in members:
        alike.setdefault(tuple(names[residues]), []).append(residues)
    return {
        "molecule_names": [
            key[0] if len(key) == 1 else f"{kinds[same[0][0]]} of {len(key)} residues" for key, same in alike.items()
        ],
        "molecule_counts": [len(same) for same in alike.values()],
        "molecule_residues": [len(key) for key in alike],
        "molecule_atoms": [int(sizes[same[0]].sum()) for same in alike.values()],
    }
