"""Guest: the settings of a run in a TPR: what stands first in its input record, as far as pressure coupling.

GROMACS writes them behind topology and coordinates, in an order that grew from version to version; read are those of
GROMACS 2020 and later. Each number is held against what it can be: a layout that is not known gives no settings
rather than wrong ones. The temperatures of groups stand far behind and are not read.
"""

from __future__ import annotations

from typing import Any

from deposition.report import Deposited

# Versions of the format, by what they brought.
FIRST_READ, MULTIPLE_TIME_STEPS, ENSEMBLE_TEMPERATURE, MASS_REPARTITION, PRESSURE_TOLERANCE = 119, 122, 129, 131, 133
INTEGRATORS = (
    "md", "steep", "cg", "bd", "sd2", "nm", "l-bfgs", "tpi", "tpic", "sd", "md-vv", "md-vv-avek", "mimic",
)  # fmt: skip
COULOMB_TYPES = (
    "Cut-off", "Reaction-Field", "Generalized-Reaction-Field", "PME", "Ewald", "P3M-AD", "Poisson", "Switch", "Shift",
    "User", "Generalized-Born", "Reaction-Field-nec", "Encad-shift", "PME-User", "PME-Switch", "PME-User-Switch",
    "Reaction-Field-zero", "FMM",
)  # fmt: skip
VDW_TYPES = ("Cut-off", "Switch", "Shift", "User", "Encad-shift", "PME")
THERMOSTATS = ("No", "Berendsen", "Nose-Hoover", "yes", "Andersen", "Andersen-massive", "V-rescale")
BAROSTATS = ("No", "Berendsen", "Parrinello-Rahman", "Isotropic", "MTTK", "C-rescale")
COUPLINGS = ("Isotropic", "Semiisotropic", "Anisotropic", "Surface-Tension")
CONSTANT = 1  # an ensemble temperature that is given, and stays
LONGEST_NM, LONGEST_STEP_PS = 1e3, 10.0  # of cut-offs; of a time step, even with the coarsest grains


class _Unknown(Exception):  # noqa: N818 - nothing went wrong: it is another layout
    """A number that cannot be what should stand here."""


def settings_of(file: Deposited) -> dict[str, str]:
    """Return settings under the names of MDP; none where the layout is not known.

    Parameters
    ----------
    file
        A TPR that was checked.
    """
    try:
        return _Record(file).settings()
    except (_Unknown, EOFError, ValueError, OverflowError, IndexError):
        return {}


class _Record:
    """Reads the input record from its beginning on."""

    def __init__(self, file: Deposited) -> None:
        from MDAnalysis.topology.tpr import utils

        with open(file.path, "rb") as stream:
            data = utils.TPXUnpacker(stream.read())
        header = utils.read_tpxheader(data)
        self._version = header.fver
        if header.fver < FIRST_READ or header.fgen < 27 or not header.bIr:
            raise _Unknown
        data = self._data = utils.TPXUnpacker2020.from_unpacker(data)
        if header.bBox:
            utils.extract_box_info(data, header.fver)
        utils.ndo_real(data, header.ngtc)
        if header.bTop:
            utils.do_mtop(data, header.fver, precision=header.precision)
        vectors = header.bX + header.bV + header.bF
        data.set_position(data.get_position() + vectors * header.natoms * 3 * header.precision)
        self._int(0, 6)  # which directions are periodic
        self._flag()  # whether molecules are

    def settings(self) -> dict[str, str]:
        """Read on; the order is GROMACS'."""
        found = {"integrator": self._choice(INTEGRATORS), "nsteps": str(self._int64()), "init-step": str(self._int64())}
        self._int(0, 1 << 30)  # part of the simulation
        if self._version >= MULTIPLE_TIME_STEPS and self._flag():
            for _ in range(self._int(1, 8)):
                self._skip_ints(2)
        if self._version >= MASS_REPARTITION:
            found["mass-repartition-factor"] = self._real(1.0, 1e3)
        if self._version >= ENSEMBLE_TEMPERATURE:
            setting, temperature = self._int(0, 3), self._real(-1e6, 1e6)
            found |= {"ensemble-temperature": temperature} if setting == CONSTANT else {}
        self._skip_ints(1)  # steps between energies
        found["cutoff-scheme"] = self._choice(("Verlet", "Group"))
        self._skip_ints(1)
        found["nstlist"] = str(self._int(-1, 1 << 30))
        self._skip_ints(1)
        self._real(0.0, 1e6)  # of test particles
        found["nstcomm"] = str(self._int(-1, 1 << 30))
        self._int(0, 4)
        self._skip_ints(2)
        for name in ("nstlog", "nstxout", "nstvout", "nstfout", "nstenergy", "nstxout-compressed"):
            found[name] = str(self._int(-1, 1 << 30))
        found["tinit"], found["dt"] = self._double(-1e12, 1e12), self._double(0.0, LONGEST_STEP_PS)
        self._real(0.0, 1e9)
        self._real(-1.0, 1e6)
        if self._version >= PRESSURE_TOLERANCE:
            self._real(-1.0, 1e6)
        found["rlist"] = self._real(-1.0, LONGEST_NM)
        self._skip_ints(1)
        found["coulombtype"] = self._choice(COULOMB_TYPES)
        self._int(0, 10)
        self._real(0.0, LONGEST_NM)
        found["rcoulomb"] = self._real(0.0, LONGEST_NM)
        found["vdw-type"] = self._choice(VDW_TYPES)
        self._int(0, 10)
        self._real(0.0, LONGEST_NM)
        found["rvdw"] = self._real(0.0, LONGEST_NM)
        self._int(0, 4)
        for _ in range(3):
            self._real(-1.0, float("inf"))
        self._real(0.0, LONGEST_NM)
        self._skip_ints(4)
        self._real(0.0, 1.0)
        self._real(0.0, 1.0)
        self._int(0, 3)
        self._real(0.0, float("inf"))
        self._int(0, 2)
        self._flag()
        found["tcoupl"] = self._choice(THERMOSTATS)
        self._flag()
        self._skip_ints(1)
        found["pcoupl"], found["pcoupltype"] = self._choice(BAROSTATS), self._choice(COUPLINGS)
        self._skip_ints(1)
        found["tau-p"] = self._real(-1.0, 1e6)
        for name in ("ref-p", "compressibility"):
            rows = [[self._real(-1e9, 1e9) for _ in range(3)] for _ in range(3)]
            found[name] = " ".join(rows[place][place] for place in range(3))
        return found

    def _number(self, unpack: str, lowest: float, highest: float) -> Any:
        value = getattr(self._data, f"unpack_{unpack}")()
        if not lowest <= value <= highest:
            raise _Unknown
        return value

    def _int(self, lowest: int, highest: int) -> int:
        return int(self._number("int", lowest, highest))

    def _int64(self) -> int:
        return int(self._number("int64", -(2**62), 2**62))

    def _real(self, lowest: float, highest: float) -> str:
        return f"{self._number('real', lowest, highest):.6g}"

    def _double(self, lowest: float, highest: float) -> str:
        return f"{self._number('double', lowest, highest):.10g}"

    def _flag(self) -> bool:
        return bool(self._number("uchar", 0, 1))

    def _choice(self, names: tuple[str, ...]) -> str:
        return names[self._int(0, len(names) - 1)]

    def _skip_ints(self, count: int) -> None:
        for _ in range(count):
            self._data.unpack_int()
