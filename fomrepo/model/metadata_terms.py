"""Global names of what is known of a simulation, and the table that leads to them from the names that programs use.

Names are those of biosim-schema, CCPBioSim's schema of simulation metadata, where it has one (``common``). Each number
has one unit here, whatever the program writes; what no rule names is kept under the program's own name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Term:
    """A global name."""

    name: str
    doc: str
    #: ``number``, ``text`` or ``flag``.
    kind: str = "text"
    #: Of its numbers; empty for plain ones.
    unit: str = ""
    #: Whether biosim-schema has it under this name.
    common: bool = True


def _number(name: str, unit: str, doc: str, *, common: bool = True) -> Term:
    return Term(name, doc, "number", unit, common)


_TERMS = (
    Term("simulation_software_name", "Program that ran the simulation", common=False),
    Term("simulation_software_version", "Its version, as it writes it", common=False),
    Term("force_fields", "Force fields of the solutes", common=False),
    Term("water_potential_name", "Water model"),
    Term("ensemble_type", "NVE, NVT or NPT"),
    Term("integrator_algorithm", "How the equations of motion are integrated"),
    _number("time_step", "ps", "Time between two steps of the integrator"),
    _number("number_of_steps", "", "Steps of the integrator"),
    _number("frame_step", "ps", "Time between two saved frames"),
    _number("frame_count", "", "Frames of a trajectory"),
    _number("simulation_time", "ps", "Time from the first to the last frame"),
    _number("equilibration_time", "ps", "Time at the beginning that analyses shall leave out", common=False),
    Term("thermostat_algorithm", "How the temperature is held; none: it is not"),
    _number("target_temperature", "K", "Temperature of the thermostat; one for each group that has its own"),
    _number("temperature_time_constant", "ps", "Time constant of the thermostat"),
    _number("collision_frequency", "1/ps", "Friction of Langevin dynamics"),
    Term("barostat_algorithm", "How the pressure is held; none: it is not"),
    Term("pressure_coupling_type", "Which of the cell's vectors the barostat scales alike"),
    _number("target_pressure", "bar", "Pressure of the barostat; one for each direction that has its own"),
    _number("pressure_time_constant", "ps", "Time constant of the barostat"),
    _number("compressibility", "1/bar", "Compressibility that the barostat assumes"),
    _number("electrostatic_cutoff_distance", "angstrom", "Where electrostatics end, or become the long-range method"),
    _number("vdw_cutoff_distance", "angstrom", "Where van der Waals interactions end"),
    Term("long_range_interaction_method", "How electrostatics beyond the cut-off are computed"),
    Term("bond_length_constraints_algorithm", "How bond lengths are held; none: they are not"),
    Term("constrained_bonds", "Which bond lengths are held", common=False),
    _number("random_seed", "", "Seed of velocities and of stochastic dynamics"),
    _number("total_atom_count", "", "Atoms"),
    _number("residue_count", "", "Residues", common=False),
    Term("residue_names", "Names of residues", common=False),
    Term("protein_sequence", "Chains of amino acids in one-letter codes"),
    Term("nucleic_sequence", "Chains of nucleotides in one-letter codes"),
    _number("water_count", "", "Molecules of water", common=False),
    Term("ion_names", "Names of ions", common=False),
    _number("system_charge", "elementary_charge", "Sum of all charges"),
    _number("box_dimensions", "angstrom", "Lengths of the periodic cell in the first frame"),
    _number("box_angles", "degree", "Angles of the periodic cell in the first frame"),
    Term("masses", "Whether masses are stated", "flag"),
    Term("fixed_charges", "Whether charges are stated", "flag"),
    Term("bonds", "Whether bonds are stated", "flag"),
    Term("positions", "Whether frames have positions", "flag"),
    Term("velocities", "Whether frames have velocities", "flag"),
    Term("forces", "Whether frames have forces", "flag"),
    Term("publication_doi", "Publication about the data", common=False),
)  # fmt: skip

#: All global names, in the order in which they are shown.
TERMS: Mapping[str, Term] = MappingProxyType({one.name: one for one in _TERMS})

#: What people write for global names.
ALIASES: Mapping[str, str] = MappingProxyType({
    "engine": "simulation_software_name", "software": "simulation_software_name",
    "engine_version": "simulation_software_version", "software_version": "simulation_software_version",
    "force_field": "force_fields", "forcefield": "force_fields", "water_model": "water_potential_name",
    "water": "water_potential_name", "temperature": "target_temperature", "pressure": "target_pressure",
    "ensemble": "ensemble_type", "timestep": "time_step", "integrator": "integrator_algorithm",
    "thermostat": "thermostat_algorithm", "barostat": "barostat_algorithm", "equilibration": "equilibration_time",
    "doi": "publication_doi", "seed": "random_seed", "atoms": "total_atom_count", "frames": "frame_count",
    "total_time": "simulation_time",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Rule:
    """How one setting of a program becomes one global name."""

    #: The program's name for it, in lower case; GROMACS' with "_" for "-".
    key: str
    name: str
    #: Unit of what the program writes. A mapping: by the unit system that it was told to use.
    unit: str | Mapping[str, str] = ""
    #: What numbers are multiplied with before their unit is.
    scale: float = 1.0
    #: Which of several numbers; None: all of them.
    number: int | None = None
    #: Value by the first word as it is written, in lower case; other words stay unmapped. Empty: any text.
    values: Mapping[str, str] = field(default_factory=dict)
    #: What it means that the setting is there at all; empty: see its value.
    always: str = ""
    #: Begin of those values that the rule is for, in lower case; several are alternatives.
    begins: tuple[str, ...] = ("",)


_LAMMPS_TIME = {"real": "fs", "metal": "ps", "nano": "ns", "micro": "us", "electron": "fs", "si": "s"}
_LAMMPS_LENGTH = {"real": "angstrom", "metal": "angstrom", "nano": "nm", "cgs": "cm"}
_LAMMPS_TEMPERATURE = dict.fromkeys(("real", "metal", "nano", "micro", "electron", "si", "cgs"), "K")
_LAMMPS_PRESSURE = {"real": "atm", "metal": "bar"}
_YES = ("on", "yes", "true")
_COUPLING = {"1": "isotropic", "2": "anisotropic", "3": "semi-isotropic"}


def _nose_hoover(style: str) -> tuple[Rule, ...]:
    """Rules of LAMMPS' fixes nvt, npt and nph, whose keywords carry a start, a stop and a time constant."""
    heat, press = f"fix {style} temp", f"fix {style} "
    found = [
        Rule(heat, "thermostat_algorithm", always="Nose-Hoover"),
        Rule(heat, "target_temperature", _LAMMPS_TEMPERATURE, number=1),
        Rule(heat, "temperature_time_constant", _LAMMPS_TIME, number=2),
    ]
    for word, kind in (("iso", "isotropic"), ("aniso", "anisotropic"), ("tri", "anisotropic")):
        found += [
            Rule(press + word, "barostat_algorithm", always="Nose-Hoover"),
            Rule(press + word, "pressure_coupling_type", always=kind),
            Rule(press + word, "target_pressure", _LAMMPS_PRESSURE, number=1),
            Rule(press + word, "pressure_time_constant", _LAMMPS_TIME, number=2),
        ]
    return tuple(found)


def _rescaling(style: str, algorithm: str) -> tuple[Rule, ...]:
    """Rules of LAMMPS' fixes of temperature alone: start, stop, time constant."""
    key = f"fix {style}"
    return (
        Rule(key, "thermostat_algorithm", always=algorithm),
        Rule(key, "target_temperature", _LAMMPS_TEMPERATURE, number=1),
        Rule(key, "temperature_time_constant", _LAMMPS_TIME, number=2),
    )


#: Rules by program. A program that is not here has none: all that it sets is kept under its own names.
RULES: Mapping[str, tuple[Rule, ...]] = MappingProxyType({
    "GROMACS": (
        Rule("integrator", "integrator_algorithm", values={
            "md": "Leap-frog", "sd": "Leap-frog", "md-vv": "Velocity-Verlet", "md-vv-avek": "Velocity-Verlet",
            "bd": "Euler"}),
        Rule("integrator", "thermostat_algorithm", values={"sd": "Langevin", "bd": "Langevin"}),
        Rule("dt", "time_step", "ps"),
        Rule("nsteps", "number_of_steps"),
        Rule("tcoupl", "thermostat_algorithm", values={
            "no": "none", "berendsen": "Berendsen", "v-rescale": "Bussi", "nose-hoover": "Nose-Hoover",
            "andersen": "Andersen", "andersen-massive": "Andersen"}),
        Rule("ref_t", "target_temperature", "K"),
        Rule("ensemble_temperature", "target_temperature", "K"),
        Rule("tau_t", "temperature_time_constant", "ps"),
        Rule("pcoupl", "barostat_algorithm", values={
            "no": "none", "berendsen": "Berendsen", "c-rescale": "C-rescale", "mttk": "Martyna-Tuckerman-Tobias-Klein",
            "parrinello-rahman": "Parrinello-Rahman"}),
        Rule("pcoupltype", "pressure_coupling_type", values={
            "isotropic": "isotropic", "semiisotropic": "semi-isotropic", "anisotropic": "anisotropic",
            "surface-tension": "surface tension"}),
        Rule("ref_p", "target_pressure", "bar"),
        Rule("tau_p", "pressure_time_constant", "ps"),
        Rule("compressibility", "compressibility", "1/bar"),
        Rule("rcoulomb", "electrostatic_cutoff_distance", "nm"),
        Rule("rvdw", "vdw_cutoff_distance", "nm"),
        Rule("coulombtype", "long_range_interaction_method", values={
            "cut-off": "Cutoff", "pme": "PME", "ewald": "Ewald", "p3m-ad": "P3M",
            "reaction-field": "RF", "fmm": "FMM"}),
        Rule("constraints", "constrained_bonds", values={
            "none": "none", "h-bonds": "h-bonds", "all-bonds": "all-bonds", "h-angles": "h-angles",
            "all-angles": "all-angles"}),
        Rule("constraint_algorithm", "bond_length_constraints_algorithm", values={"lincs": "LINCS", "shake": "SHAKE"}),
        Rule("ld_seed", "random_seed"),
    ),
    "AMBER": (
        Rule("dt", "time_step", "ps"),
        Rule("nstlim", "number_of_steps"),
        Rule("ntt", "thermostat_algorithm", values={
            "0": "none", "1": "Berendsen", "2": "Andersen", "3": "Langevin", "9": "Nose-Hoover", "10": "Nose-Hoover",
            "11": "Bussi"}),
        Rule("temp0", "target_temperature", "K"),
        Rule("tautp", "temperature_time_constant", "ps"),
        Rule("gamma_ln", "collision_frequency", "1/ps"),
        Rule("ntp", "barostat_algorithm", values={"0": "none"}),
        Rule("ntp", "pressure_coupling_type", values=_COUPLING),
        Rule("barostat", "barostat_algorithm", values={"1": "Berendsen", "2": "Monte Carlo"}),
        Rule("pres0", "target_pressure", "bar"),
        Rule("taup", "pressure_time_constant", "ps"),
        Rule("comp", "compressibility", "1/bar", scale=1e-6),
        Rule("cut", "electrostatic_cutoff_distance", "angstrom"),
        Rule("cut", "vdw_cutoff_distance", "angstrom"),
        Rule("ew_type", "long_range_interaction_method", values={"0": "PME", "1": "Ewald"}),
        Rule("ntc", "bond_length_constraints_algorithm", values={"1": "none", "2": "SHAKE", "3": "SHAKE"}),
        Rule("ntc", "constrained_bonds", values={"1": "none", "2": "h-bonds", "3": "all-bonds"}),
        Rule("ig", "random_seed"),
    ),
    "NAMD": (
        Rule("timestep", "time_step", "fs"),
        Rule("run", "number_of_steps"),
        Rule("numsteps", "number_of_steps"),
        Rule("langevin", "thermostat_algorithm", always="Langevin", begins=_YES),
        Rule("langevintemp", "target_temperature", "K"),
        Rule("langevindamping", "collision_frequency", "1/ps"),
        Rule("langevinpiston", "barostat_algorithm", always="Langevin piston", begins=_YES),
        Rule("langevinpistontarget", "target_pressure", "bar"),
        Rule("langevinpistonperiod", "pressure_time_constant", "fs"),
        Rule("cutoff", "electrostatic_cutoff_distance", "angstrom"),
        Rule("cutoff", "vdw_cutoff_distance", "angstrom"),
        Rule("pme", "long_range_interaction_method", always="PME", begins=_YES),
        Rule("rigidbonds", "constrained_bonds", values={"none": "none", "all": "h-bonds", "water": "water"}),
        Rule("seed", "random_seed"),
    ),
    "LAMMPS": (
        Rule("timestep", "time_step", _LAMMPS_TIME),
        Rule("run", "number_of_steps", number=0),
        Rule("fix nvt temp", "ensemble_type", always="NVT"),
        *_nose_hoover("nvt"), *_nose_hoover("npt"), *_nose_hoover("nph"),
        *_rescaling("langevin", "Langevin"), *_rescaling("temp/berendsen", "Berendsen"),
        *_rescaling("temp/csvr", "Bussi"),
        Rule("fix langevin", "random_seed", number=3),
        Rule("velocity create", "random_seed", number=1),
        Rule("fix shake", "bond_length_constraints_algorithm", always="SHAKE"),
        Rule("fix rattle", "bond_length_constraints_algorithm", always="RATTLE"),
        Rule("run_style", "integrator_algorithm", values={"verlet": "Velocity-Verlet", "respa": "rRESPA"}),
        Rule("pair_style", "vdw_cutoff_distance", _LAMMPS_LENGTH, number=0, begins=("lj/cut",)),
        Rule("pair_style", "vdw_cutoff_distance", _LAMMPS_LENGTH, number=1, begins=("lj/charmm",)),
        Rule("pair_style", "electrostatic_cutoff_distance", _LAMMPS_LENGTH, number=-1,
             begins=("lj/cut/coul", "lj/charmm/coul", "lj/charmmfsw/coul")),
        Rule("kspace_style", "long_range_interaction_method", values={
            "pppm": "P3M", "pppm/cg": "P3M", "pppm/tip4p": "P3M", "ewald": "Ewald", "none": "Cutoff", "msm": "MSM"}),
    ),
})  # fmt: skip
