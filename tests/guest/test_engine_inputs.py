"""Inputs and logs of programs: what their probes read, and the global names that a site makes of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from MDAnalysisTests import datafiles

from deposition.recognise import file_types
from fomrepo.model.metadata import entries_of_file
from fomrepo.model.metadata_terms import TERMS
from tests.guest.runs import probed

# As gmx mdrun 2022.5 wrote it, for a box of water; lines that say nothing here are left out.
GMX_LOG = """\
                      :-) GROMACS - gmx mdrun, 2022.5-Debian_2022.5_2 (-:

GROMACS:      gmx mdrun, version 2022.5-Debian_2022.5_2

GROMACS version:    2022.5-Debian_2022.5_2
Precision:          mixed

Input Parameters:
   integrator                     = md
   tinit                          = 0
   dt                             = 0.002
   nsteps                         = 20
   ld-seed                        = -1082663939
   coulombtype                    = PME
   rcoulomb                       = 0.9
   vdw-type                       = Cut-off
   rvdw                           = 0.9
   tcoupl                         = V-rescale
   pcoupl                         = Parrinello-Rahman
   pcoupltype                     = Semiisotropic
   tau-p                          = 5
   compressibility (3x3):
      compressibility[    0]={ 4.50000e-05,  0.00000e+00,  0.00000e+00}
      compressibility[    1]={ 0.00000e+00,  4.50000e-05,  0.00000e+00}
      compressibility[    2]={ 0.00000e+00,  0.00000e+00,  4.50000e-05}
   ref-p (3x3):
      ref-p[    0]={ 1.50000e+00,  0.00000e+00,  0.00000e+00}
      ref-p[    1]={ 0.00000e+00,  1.50000e+00,  0.00000e+00}
      ref-p[    2]={ 0.00000e+00,  0.00000e+00,  1.00000e+00}
   constraint-algorithm           = Lincs
   deform (3x3):
      deform[    0]={ 0.00000e+00,  0.00000e+00,  0.00000e+00}
grpopts:
   nrdf:        2085
   ref-t:         300
   tau-t:         0.5
annealing:          No

Started mdrun on rank 0 Sun Nov 22 08:27:11 2026
Finished mdrun on rank 0 Sun Nov 22 08:27:12 2026
"""
MDOUT = """\

          -------------------------------------------------------
          Amber 22 PMEMD                              2022
          -------------------------------------------------------

| PMEMD implementation of SANDER, Release 22

--------------------------------------------------------------------------------
   1.  RESOURCE   USE:
--------------------------------------------------------------------------------
--------------------------------------------------------------------------------
   2.  CONTROL  DATA  FOR  THE  RUN
--------------------------------------------------------------------------------

General flags:
     imin    =       0, nmropt  =       0

Potential function:
     ntf     =       2, ntb     =       2, igb     =       0, nsnb    =      25
     dielc   =   1.00000, cut     =   8.00000, intdiel =   1.00000

Molecular dynamics:
     nstlim  =     50000, nscm    =      1000, nrespa  =         1
     t       =   0.00000, dt      =   0.00400, vlimit  =  -1.00000

Langevin dynamics temperature regulation:
     ig      =   71277
     temp0   = 310.00000, tempi   =   0.00000, gamma_ln=   2.00000

Pressure regulation:
     ntp     =       1
     pres0   =   1.00000, comp    =  44.60000, taup    =   1.00000
     Monte-Carlo Barostat:
     mcbarint  =     100

SHAKE:
     ntc     =       2, jfastw  =       0
     tol     =   0.00001
--------------------------------------------------------------------------------
   3.  ATOMIC COORDINATES AND VELOCITIES
--------------------------------------------------------------------------------
   4.  RESULTS
   5.  TIMINGS
|  Total wall time:         10    seconds     0.00 hours
"""
NAMD_CONF = """\
# production
structure          adk.psf
coordinates        adk.pdb
temperature        300
cutoff             12.0
switching          on
timestep           2.0
rigidBonds         all
PME                yes
langevin           on    ;# thermostat
langevinDamping    1
langevinTemp       310
langevinPiston     on
langevinPistonTarget  1.01325
langevinPistonPeriod  200.0
outputName         adk
run                500000
"""
LAMMPS_IN = """\
# water
variable        T equal 310
variable        steps index 50000
units           real
atom_style      full
pair_style      lj/cut/coul/long 10.0 12.0
kspace_style    pppm 1.0e-4
read_data       water.data
fix             1 all npt temp 10 $T 100.0 &
                iso 1.0 1.0 1000.0
run             1000
unfix           1
fix             2 all shake 0.0001 20 0 b 1 a 1
fix             3 all nvt/gpu temp ${T} ${T} 100.0
velocity        all create $T 4928459
timestep        2.0
run             ${steps}
unfix           3
"""
LAMMPS_LOG = """\
LAMMPS (29 Aug 2024 - Update 1)
OMP_NUM_THREADS environment is not set. Defaulting to 1 thread.
units           metal
atom_style      atomic
pair_style      eam/alloy
variable        T index 700
fix             1 all langevin $T $T 0.1 48279
fix             1 all langevin 700 $T 0.1 48279
fix             1 all langevin 700 700 0.1 48279
fix             2 all nve
timestep        0.001
run             100
Per MPI rank memory allocation (min/avg/max) = 2.6 | 2.6 | 2.6 Mbytes
   Step          Temp          E_pair
         0   700           -414720
       100   690.1         -414100
Loop time of 0.5 on 1 procs for 100 steps with 4000 atoms
Total wall time: 0:00:00
"""


def names_of(folder: Path, name: str, text: str, *, kind: str) -> dict[str, tuple[Any, ...]]:
    """Global names with their values, and the doubts under ``doubts``, of a text."""
    path = folder / name
    path.write_text(text)
    outcome, _ = probed(path)
    assert outcome["status"] == "ok", outcome
    facts = outcome["facts"]
    assert facts["type"] == kind
    found = {one.name: one.values for one in entries_of_file(name, facts) if one.name in TERMS}
    return found | {"doubts": tuple(facts["doubts"])}


def test_a_log_of_gromacs(tmp_path: Path) -> None:
    assert names_of(tmp_path, "md.log", GMX_LOG, kind="GMXLOG") == {
        "simulation_software_name": ("GROMACS",),
        "simulation_software_version": ("2022.5-Debian_2022.5_2",),
        "integrator_algorithm": ("Leap-frog",),
        "time_step": (0.002,),
        "number_of_steps": (20,),
        "thermostat_algorithm": ("Bussi",),
        "target_temperature": (300,),
        "temperature_time_constant": (0.5,),
        "barostat_algorithm": ("Parrinello-Rahman",),
        "pressure_coupling_type": ("semi-isotropic",),
        "target_pressure": (1.5, 1.5, 1),
        "pressure_time_constant": (5,),
        "compressibility": (4.5e-5, 4.5e-5, 4.5e-5),
        "electrostatic_cutoff_distance": (9.0,),
        "vdw_cutoff_distance": (9.0,),
        "long_range_interaction_method": ("PME",),
        "bond_length_constraints_algorithm": ("LINCS",),
        "random_seed": (-1082663939,),
        "ensemble_type": ("NPT",),
        "doubts": (),
    }


def test_a_barostat_that_is_off_has_no_target(tmp_path: Path) -> None:
    found = names_of(tmp_path, "md.log", GMX_LOG.replace("Parrinello-Rahman", "No"), kind="GMXLOG")
    assert found["barostat_algorithm"] == ("none",)
    assert found["ensemble_type"] == ("NVT",)
    assert {"target_pressure", "compressibility", "pressure_time_constant"}.isdisjoint(found)


def test_a_log_of_amber(tmp_path: Path) -> None:
    assert names_of(tmp_path, "md.mdout", MDOUT, kind="MDOUT") == {
        "simulation_software_name": ("AMBER",),
        "simulation_software_version": ("22 PMEMD",),
        "time_step": (0.004,),
        "number_of_steps": (50000,),
        "target_temperature": (310.0,),
        "collision_frequency": (2.0,),
        "pressure_coupling_type": ("isotropic",),
        "target_pressure": (1.0,),
        "pressure_time_constant": (1.0,),
        "compressibility": (4.46e-5,),
        "electrostatic_cutoff_distance": (8.0,),
        "vdw_cutoff_distance": (8.0,),
        "bond_length_constraints_algorithm": ("SHAKE",),
        "constrained_bonds": ("h-bonds",),
        "random_seed": (71277,),
        "doubts": (),
    }


def test_a_configuration_of_namd(tmp_path: Path) -> None:
    assert names_of(tmp_path, "md.namd", NAMD_CONF, kind="NAMDCONF") == {
        "simulation_software_name": ("NAMD",),
        "time_step": (0.002,),
        "number_of_steps": (500000,),
        "thermostat_algorithm": ("Langevin",),
        "target_temperature": (310,),
        "collision_frequency": (1,),
        "barostat_algorithm": ("Langevin piston",),
        "target_pressure": (1.01325,),
        "pressure_time_constant": (0.2,),
        "electrostatic_cutoff_distance": (12.0,),
        "vdw_cutoff_distance": (12.0,),
        "long_range_interaction_method": ("PME",),
        "constrained_bonds": ("h-bonds",),
        "ensemble_type": ("NPT",),
        "doubts": (),
    }


def test_an_input_of_lammps_is_read_as_of_its_last_run(tmp_path: Path) -> None:
    assert names_of(tmp_path, "in.lammps", LAMMPS_IN, kind="LAMMPSIN") == {
        "simulation_software_name": ("LAMMPS",),
        "time_step": (0.002,),
        "number_of_steps": (50000,),
        "ensemble_type": ("NVT",),
        "thermostat_algorithm": ("Nose-Hoover",),
        "target_temperature": (310,),
        "temperature_time_constant": (0.1,),
        "bond_length_constraints_algorithm": ("SHAKE",),
        "random_seed": (4928459,),
        "vdw_cutoff_distance": (10.0,),
        "electrostatic_cutoff_distance": (12.0,),
        "long_range_interaction_method": ("P3M",),
        "doubts": ("it runs 2 times; the settings are those of the last run",),
    }


def test_a_log_of_lammps(tmp_path: Path) -> None:
    assert names_of(tmp_path, "log.lammps", LAMMPS_LOG, kind="LAMMPSLOG") == {
        "simulation_software_name": ("LAMMPS",),
        "simulation_software_version": ("29 Aug 2024 - Update 1",),
        "time_step": (0.001,),
        "number_of_steps": (100,),
        "thermostat_algorithm": ("Langevin",),
        "target_temperature": (700,),
        "temperature_time_constant": (0.1,),
        "random_seed": (48279,),
        "doubts": (),
    }


def test_what_lammps_computes_is_said_to_be_unknown(tmp_path: Path) -> None:
    text = LAMMPS_IN.replace("equal 310", "equal 300+10").replace("run             1000", "include more.in\nrun 5")
    found = names_of(tmp_path, "a.in", text, kind="LAMMPSIN")
    assert "target_temperature" not in found
    assert any("not followed: include" in doubt for doubt in found["doubts"])
    assert any("computes values" in doubt for doubt in found["doubts"])


def test_a_log_of_lammps_that_is_cut_is_doubted(tmp_path: Path) -> None:
    found = names_of(tmp_path, "log.lammps", LAMMPS_LOG.partition("Loop time")[0], kind="LAMMPSLOG")
    assert any("did not come to its end" in doubt for doubt in found["doubts"])


@pytest.mark.parametrize("text", [LAMMPS_IN, LAMMPS_LOG, NAMD_CONF, MDOUT, GMX_LOG], ids=lambda text: text[:8])
def test_each_text_looks_like_one_type(text: str) -> None:
    alike = [one for one in file_types() if one.looks_like(text.encode())]
    assert len([one.name for one in alike if one.certain] or alike) == 1


# Settings of one run, as `gmx dump` of GROMACS 2022.5 shows them for the files of 2020 and 2021.
LYSOZYME = {
    "integrator": "md", "nsteps": "100000000", "init-step": "0", "nstlist": "10", "nstcomm": "10", "nstlog": "200000",
    "nstxout": "0", "nstvout": "0", "nstfout": "0", "nstenergy": "5000", "nstxout-compressed": "5000", "tinit": "0",
    "dt": "0.002", "rlist": "0.9", "coulombtype": "PME", "rcoulomb": "0.9", "vdw-type": "Cut-off", "rvdw": "1.4",
    "tcoupl": "Nose-Hoover", "pcoupl": "Parrinello-Rahman", "pcoupltype": "Isotropic", "tau-p": "2", "ref-p": "1 1 1",
    "compressibility": "4.5e-05 4.5e-05 4.5e-05",
}  # fmt: skip


@pytest.mark.parametrize(
    "name",
    ["TPR2020", "TPR2020Double", "TPR2021", "TPR2022RC1", "TPR2023", "TPR2024", "TPR2024_4", "TPR2025_0", "TPR2026_0"],
)
def test_a_tpr_of_each_version_says_how_it_is_run(name: str) -> None:
    outcome, _ = probed(Path(str(getattr(datafiles, name))))
    settings = outcome["facts"]["settings"]
    assert {key: settings.get(key) for key in LYSOZYME} == LYSOZYME
    found = {one.name: one.values for one in entries_of_file("a.tpr", outcome["facts"])}
    assert (found["ensemble_type"], found["target_pressure"]) == (("NPT",), (1, 1, 1))
    assert found.get("target_temperature") == ((300,) if int(name[3:7]) >= 2023 else None)


def test_a_tpr_of_an_older_layout_has_no_settings() -> None:
    outcome, _ = probed(Path(str(datafiles.TPR2018)))
    assert "settings" not in outcome["facts"]
