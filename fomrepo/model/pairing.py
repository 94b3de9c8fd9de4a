"""Which file says what the atoms of a trajectory are: told by counts of atoms, never guessed between equals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Candidate:
    """A file, as far as it is known."""

    name: str
    #: Families that it belongs to, its own first; empty: unknown.
    families: tuple[str, ...]
    #: None: it does not say, or nobody has looked.
    n_atoms: int | None = None

    @property
    def takes_topology(self) -> bool:
        """Whether it is read with a topology if there is one: a trajectory that is no structure of its own."""
        return self.families[:1] == ("trajectory",) and "structure" not in self.families

    @property
    def needs_topology(self) -> bool:
        """Whether it says nothing of its atoms."""
        return self.families == ("trajectory",)

    @property
    def is_topology(self) -> bool:
        """Whether it can say what the atoms of others are."""
        return not self.takes_topology and bool({"topology", "structure"} & set(self.families))


@dataclass(frozen=True, slots=True)
class Pairing:
    """What became of the trajectories of a folder."""

    #: Name of a trajectory -> name of its topology.
    pairs: Mapping[str, str]
    #: Name of a trajectory -> names of several that fit equally well.
    open: Mapping[str, tuple[str, ...]]
    #: Names of trajectories that nothing fits.
    alone: tuple[str, ...]


def pair_files(files: Sequence[Candidate], given: Mapping[str, str]) -> Pairing:
    """Pair each trajectory with the one file that has its atoms.

    A topology with bonds goes before a structure, and a file of the same name before others; between equals nothing
    is guessed.

    Parameters
    ----------
    files
        All files of a folder.
    given
        Pairs that somebody decided.
    """
    pairs, undecided, alone = dict(given), {}, []
    for one in files:
        if not one.takes_topology or one.name in pairs:
            continue
        fitting = [other for other in files if other.is_topology and _fits(one, other)]
        best = [other.name for other in fitting if _rank(one, other) == min(_rank(one, each) for each in fitting)]
        if len(best) == 1:
            pairs[one.name] = best[0]
        elif best:
            undecided[one.name] = tuple(best)
        elif one.needs_topology:
            alone.append(one.name)
    return Pairing(pairs, undecided, tuple(alone))


def _fits(trajectory: Candidate, topology: Candidate) -> bool:
    counts = (trajectory.n_atoms, topology.n_atoms)
    return None in counts or counts[0] == counts[1]


def _rank(trajectory: Candidate, topology: Candidate) -> tuple[bool, bool, bool]:
    counted = None not in (trajectory.n_atoms, topology.n_atoms)
    same_name = trajectory.name.partition(".")[0] == topology.name.partition(".")[0]
    return not counted, topology.families[0] != "topology", not same_name
