"""Every shipped file type keeps the contract of file types, on real files."""

from __future__ import annotations

import bz2
import gzip
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import gsd.hoomd
import h5py
import MDAnalysis
import numpy as np
from MDAnalysisTests import datafiles

from fomrepo.testing.file_type_contract import FileSample, FileTypeContract

ATOM_SITE = (
    "group_PDB", "id", "type_symbol", "label_atom_id", "label_alt_id", "label_comp_id", "label_asym_id", "label_seq_id",
    "pdbx_PDB_ins_code", "Cartn_x", "Cartn_y", "Cartn_z", "auth_seq_id", "auth_asym_id", "pdbx_PDB_model_num",
)  # fmt: skip


def sample(path: object, topology: object = None, *, paired_atoms: int | None = None, **facts: object) -> FileSample:
    return FileSample(Path(str(path)), None if topology is None else Path(str(topology)), paired_atoms, facts)


def unpacked(folder: Path, source: object) -> Path:
    """Unpack a .bz2 of the test data under the name without it."""
    target = folder / Path(str(source)).stem
    target.write_bytes(bz2.decompress(Path(str(source)).read_bytes()))
    return target


def few_atoms(folder: Path, suffix: str, *, n_atoms: int = 40, n_frames: int = 7, **options: Any) -> tuple[Path, Path]:
    """Write some atoms and frames of adenylate kinase, and their topology as PDB."""
    trajectory, topology = folder / f"few{suffix}", folder / "few.pdb"
    with warnings.catch_warnings(action="ignore"):
        universe = MDAnalysis.Universe(str(datafiles.PSF), str(datafiles.DCD))
        atoms = universe.atoms[:n_atoms]
        atoms.write(str(topology))
        with MDAnalysis.Writer(str(trajectory), n_atoms, **options) as writer:
            for timestep in universe.trajectory[:n_frames]:
                timestep.dimensions = [50, 60, 70, 90, 90, 90]
                writer.write(atoms)
    return trajectory, topology


class TestPSF(FileTypeContract):
    type_name = "PSF"

    @classmethod
    def make_samples(cls, folder: Path) -> Sequence[FileSample]:
        return [sample(datafiles.PSF_TRICLINIC), sample(datafiles.PSF, n_atoms=3341, n_residues=214)]


class TestGRO(FileTypeContract):
    type_name = "GRO"

    @classmethod
    def make_samples(cls, folder: Path) -> Sequence[FileSample]:
        return [sample(datafiles.GRO_velocity)]


class TestPDB(FileTypeContract):
    type_name = "PDB"

    @classmethod
    def make_samples(cls, folder: Path) -> Sequence[FileSample]:
        return [sample(datafiles.PDB_conect), sample(datafiles.PDB_multiframe, n_frames=24)]


class TestDCD(FileTypeContract):
    type_name = "DCD"

    @classmethod
    def make_samples(cls, folder: Path) -> Sequence[FileSample]:
        return [sample(datafiles.DCD_TRICLINIC, datafiles.PSF_TRICLINIC)]


class TestXTC(FileTypeContract):
    type_name = "XTC"
    may_end_its_process = True
    mutants = 8

    @classmethod
    def make_samples(cls, folder: Path) -> Sequence[FileSample]:
        return [
            sample(*few_atoms(folder, ".xtc"), n_atoms=40, n_frames=7),
            sample(datafiles.XTC_sub_sol, datafiles.PDB_sub_sol, n_frames=3),
        ]


class TestTRR(FileTypeContract):
    type_name = "TRR"

    @classmethod
    def make_samples(cls, folder: Path) -> Sequence[FileSample]:
        return [
            sample(*few_atoms(folder, ".trr"), n_atoms=40, n_frames=7),
            sample(datafiles.TRR_sub_sol, datafiles.PDB_sub_sol),
        ]


class TestEDR(FileTypeContract):
    type_name = "EDR"

    @classmethod
    def make_samples(cls, folder: Path) -> Sequence[FileSample]:
        return [sample(datafiles.AUX_EDR_SINGLE_FRAME, n_rows=1), sample(datafiles.AUX_EDR, n_rows=4)]


class TestCSV(FileTypeContract):
    type_name = "CSV"

    @classmethod
    def make_samples(cls, folder: Path) -> Sequence[FileSample]:
        plain, quoted, bare = folder / "plain.csv", folder / "quoted.tsv", folder / "bare.csv"
        plain.write_text("time (ps),energy [kJ/mol],step\n" + "".join(f"{n},{n / 3},{n}\n" for n in range(40)))
        quoted.write_text('# made by hand\nwho\tage\twhat\n"Ada, L."\t36\t"a ""b"""\nBob\t7\t\n')
        bare.write_text("1;2;3.5\n4;5;\n")
        columns = [
            {"name": "time", "dtype": "int64", "unit": "ps"},
            {"name": "energy", "dtype": "float64", "unit": "kJ/mol"},
            {"name": "step", "dtype": "int64", "unit": ""},
        ]
        return [sample(plain, n_rows=40, columns=columns), sample(quoted, n_rows=2), sample(bare, n_rows=2)]


class TestNPY(FileTypeContract):
    type_name = "NPY"

    @classmethod
    def make_samples(cls, folder: Path) -> Sequence[FileSample]:
        plain, fortran, text = folder / "plain.npy", folder / "fortran.npy", folder / "text.npy"
        np.save(plain, np.arange(60.0).reshape(5, 4, 3))
        np.save(fortran, np.asfortranarray(np.ones((3, 2), ">i4")))
        np.save(text, np.array(["a", "bc"]))
        return [
            sample(plain, shape=[5, 4, 3], dtype="<f8"),
            sample(fortran, shape=[3, 2], dtype=">i4"),
            sample(text, shape=[2], dtype="<U2"),
        ]


class TestTPR(FileTypeContract):
    type_name = "TPR"

    @classmethod
    def make_samples(cls, folder: Path) -> Sequence[FileSample]:
        return [
            sample(datafiles.TPR2024_4_bonded, program={"name": "GROMACS", "version": "2024.4"}),
            sample(datafiles.TPR510_bonded),
            sample(datafiles.TPR2020_double_bonded),
            sample(datafiles.TPR2026_0_bonded),
        ]


class TestMMCIF(FileTypeContract):
    type_name = "MMCIF"

    @classmethod
    def make_samples(cls, folder: Path) -> Sequence[FileSample]:
        small = folder / "small.cif"
        small.write_text(
            "data_TOY\n_cell.length_a 10\n_cell.length_b 11\n_cell.length_c 12\n_cell.angle_alpha 90\n"
            "_cell.angle_beta 90\n_cell.angle_gamma 90\nloop_\n"
            + "".join(f"_atom_site.{name}\n" for name in ATOM_SITE)
            + "".join(f"ATOM {n} C CA . ALA A {n // 5} ? {n}.5 1.0 -2.0 {n // 5} A 1\n" for n in range(20))
            + "#\n"
        )
        real = []
        for name in ("1YJP", "5PTI", "multimodel_warning"):
            real.append(folder / f"{name}.cif")
            real[-1].write_bytes(gzip.decompress((Path(datafiles.MMCIF) / f"{name}.cif.gz").read_bytes()))
        return [sample(small, n_atoms=20, n_residues=4), *map(sample, real)]


class TestXYZ(FileTypeContract):
    type_name = "XYZ"

    @classmethod
    def make_samples(cls, folder: Path) -> Sequence[FileSample]:
        return [
            sample(datafiles.COORDINATES_XYZ, n_atoms=5, n_frames=5, families=["trajectory", "topology"]),
            sample(datafiles.XYZ_mini, n_atoms=3, n_frames=1, families=["structure", "topology"]),
        ]


class TestMDCRD(FileTypeContract):
    type_name = "MDCRD"
    notices_cuts = False  # between two frames

    @classmethod
    def make_samples(cls, folder: Path) -> Sequence[FileSample]:
        topology = Path(few_atoms(folder, ".xtc")[1])
        frames = np.round(np.random.default_rng(1).normal(0, 30, (5, 120)), 3)
        lines = ["".join(f"{number:8.3f}" for number in row) for frame in frames for row in frame.reshape(-1, 10)]
        plain, periodic, single = folder / "plain.mdcrd", folder / "periodic.mdcrd", folder / "single.trj"
        plain.write_text("\n".join(["made for a test", *lines]) + "\n")
        single.write_text("\n".join(["made for a test", *lines[:12]]) + "\n")
        with_cell = [text for n in range(5) for text in (*lines[12 * n : 12 * n + 12], "  50.000  60.000  70.000")]
        periodic.write_text("\n".join(["made for a test", *with_cell]) + "\n")
        return [
            sample(plain, topology, paired_atoms=40, n_frames=5),
            sample(periodic, topology, paired_atoms=40, n_frames=5),
            sample(single, topology, paired_atoms=40, n_frames=1),
        ]


class TestLAMMPSDUMP(FileTypeContract):
    type_name = "LAMMPSDUMP"

    @classmethod
    def make_samples(cls, folder: Path) -> Sequence[FileSample]:
        return [
            sample(datafiles.LAMMPSDUMP_image_vf, has=["positions", "velocities", "forces"]),
            sample(datafiles.LAMMPSDUMP_triclinic),
            sample(unpacked(folder, datafiles.LAMMPSDUMP)),
            sample(datafiles.LAMMPSDUMP_chain1),
        ]


class TestNCDF(FileTypeContract):
    type_name = "NCDF"

    @classmethod
    def make_samples(cls, folder: Path) -> Sequence[FileSample]:
        return [
            sample(*few_atoms(folder, ".ncdf"), n_atoms=40, n_frames=7),
            sample(datafiles.NCDF, datafiles.PRMncdf),
            sample(datafiles.CPPTRAJ_TRAJ, datafiles.CPPTRAJ_TRAJ_TOP),
            sample(datafiles.PFncdf_Trj, datafiles.PFncdf_Top, has=["positions", "forces"]),
        ]


class TestH5MD(FileTypeContract):
    type_name = "H5MD"
    may_end_its_process = True

    @classmethod
    def make_samples(cls, folder: Path) -> Sequence[FileSample]:
        by_others, topology = folder / "others.h5", few_atoms(folder, ".xtc")[1]
        with h5py.File(by_others, "w") as root:
            root.create_group("h5md").attrs["version"] = (1, 1)
            position = root.create_group("particles/protein/position")
            position["value"] = np.random.default_rng(1).normal(0, 3, (7, 40, 3))
            position["value"].attrs["unit"] = "nm"
            position["step"], position["time"] = 100, 0.2
            position["time"].attrs.update(unit="ns", offset=1.0)
            root["particles/protein/box/edges"] = [5.0, 6.0, 7.0]
            root["particles/protein/box/edges"].attrs["unit"] = "nm"
        times = {name: {"value": float(value), "unit": "ps"} for name, value in (("first_time", 1000), ("dt", 200))}
        box = {"lengths": [50.0, 60.0, 70.0], "angles": [90.0, 90.0, 90.0], "unit": "angstrom"}
        return [
            sample(by_others, topology, n_frames=7, **times, box=box),
            sample(datafiles.H5MD_xvf, datafiles.PDB_sub_sol, has=["positions", "velocities", "forces"]),
        ]


class TestGSD(FileTypeContract):
    type_name = "GSD"
    may_end_its_process = True

    @classmethod
    def make_samples(cls, folder: Path) -> Sequence[FileSample]:
        small = folder / "small.gsd"
        with gsd.hoomd.open(str(small), "w") as written:
            for step in range(5):
                frame = gsd.hoomd.Frame()
                frame.configuration.step, frame.configuration.box = step, [10, 11, 12, 0.1, 0.2, 0.3]
                frame.particles.N = 12
                frame.particles.position = np.random.default_rng(step).normal(0, 3, (12, 3))
                written.append(frame)
        return [sample(small, n_atoms=12, n_frames=5), sample(datafiles.GSD), sample(datafiles.GSD_bonds)]


class TestTNG(FileTypeContract):
    type_name = "TNG"
    may_end_its_process = True
    mutants = 8

    @classmethod
    def make_samples(cls, folder: Path) -> Sequence[FileSample]:
        return [sample(datafiles.COORDINATES_TNG, datafiles.COORDINATES_TOPOLOGY, n_atoms=5, n_frames=5)]


class TestPRMTOP(FileTypeContract):
    type_name = "PRMTOP"

    @classmethod
    def make_samples(cls, folder: Path) -> Sequence[FileSample]:
        return [
            sample(datafiles.PRM7_ala2, has=["masses", "charges", "bonds"]),
            sample(datafiles.PRMncdf),
            sample(datafiles.PRM),
            sample(datafiles.CPPTRAJ_TRAJ_TOP),
            sample(datafiles.PFncdf_Top),
        ]


class TestMOL2(FileTypeContract):
    type_name = "MOL2"

    @classmethod
    def make_samples(cls, folder: Path) -> Sequence[FileSample]:
        return [
            sample(datafiles.mol2_ligand, has=["positions", "charges", "bonds"]),
            sample(datafiles.mol2_comments_header, families=["structure", "topology", "trajectory"]),
            sample(datafiles.mol2_zinc),
            sample(datafiles.mol2_sodium_ion),
        ]


class TestLAMMPSDATA(FileTypeContract):
    type_name = "LAMMPSDATA"

    @classmethod
    def make_samples(cls, folder: Path) -> Sequence[FileSample]:
        atomic, charged = folder / "atomic.data", folder / "charged.data"
        cell = "0 10 xlo xhi\n0 11 ylo yhi\n0 12 zlo zhi\n"
        rows = [f"{n} 1 {n}.5 1.0 2.0" for n in range(1, 9)]
        atomic.write_text("\n".join([f"a title\n\n8 atoms\n1 atom types\n{cell}\nAtoms # atomic\n", *rows, ""]))
        rows = [f"{n} 1 -0.4 {n}.5 1.0 2.0 0 0 0" for n in range(8, 0, -1)]
        charged.write_text("\n".join([f"a title\n\n8 atoms\n{cell}0 0 0 xy xz yz\n\nAtoms\n", *rows, ""]))
        return [
            sample(atomic, n_atoms=8, atom_style="atomic"),
            sample(charged, n_atoms=8, atom_style="charge"),
            sample(unpacked(folder, datafiles.LAMMPSdata2), atom_style="full"),
            sample(datafiles.LAMMPSdata_mini),
            sample(datafiles.LAMMPSdata_triclinic),
        ]


class TestXML(FileTypeContract):
    type_name = "XML"

    @classmethod
    def make_samples(cls, folder: Path) -> Sequence[FileSample]:
        state = folder / "state.xml"
        positions = "".join(f'<Position x="{n}" y="0" z="0"/>' for n in range(5))
        state.write_text(
            f'<?xml version="1.0" ?>\n<State openmmVersion="8.1" time="0"><Positions>{positions}</Positions></State>\n'
        )
        return [
            sample(unpacked(folder, datafiles.HoomdXMLdata), families=["topology"]),
            sample(state, n_atoms=5, content="State", families=["text"]),
        ]


class TestMDP(FileTypeContract):
    type_name = "MDP"
    notices_cuts = False  # between two settings

    @classmethod
    def make_samples(cls, folder: Path) -> Sequence[FileSample]:
        path = folder / "md.mdp"
        path.write_text("; a run\nintegrator = md ; leap-frog\nnsteps=500\ndt  = 0.002\nTau-T = 0.1 0.1\n")
        return [sample(path, settings={"integrator": "md", "nsteps": "500", "dt": "0.002", "tau_t": "0.1 0.1"})]


class TestGMXTOP(FileTypeContract):
    type_name = "GMXTOP"
    notices_cuts = False

    @classmethod
    def make_samples(cls, folder: Path) -> Sequence[FileSample]:
        return [sample(datafiles.GMX_TOP), sample(datafiles.ITP)]


class TestGMXLOG(FileTypeContract):
    type_name = "GMXLOG"

    @classmethod
    def make_samples(cls, folder: Path) -> Sequence[FileSample]:
        path = folder / "md.log"
        path.write_text(
            "   :-) GROMACS - gmx mdrun, 2022.5-Debian_2022.5_2 (-:\n\nGROMACS:      gmx mdrun, version 2022.5\n\n"
            "GROMACS version:    2022.5-Debian_2022.5_2\nPrecision:          mixed\n\nInput Parameters:\n"
            "   integrator                     = md\n   dt                             = 0.002\ngrpopts:\n"
            "   nrdf:        1000\n   ref-t:         300\n\nStarted mdrun on rank 0\n\n"
            "Finished mdrun on rank 0 Sun Nov 22 00:00:00 2026\n"
        )
        settings = {"integrator": "md", "dt": "0.002", "nrdf": "1000", "ref-t": "300"}
        return [sample(path, settings=settings, finished=True)]


class TestMDIN(FileTypeContract):
    type_name = "MDIN"

    @classmethod
    def make_samples(cls, folder: Path) -> Sequence[FileSample]:
        path = folder / "md.in"
        path.write_text("a run\n &cntrl\n  imin=0, nstlim=5000, dt=0.002, ! short\n  ntt=3, temp0=300.0,\n /\n")
        return [sample(path, settings={"imin": "0", "nstlim": "5000", "dt": "0.002", "ntt": "3", "temp0": "300.0"})]


class TestMDOUT(FileTypeContract):
    type_name = "MDOUT"

    @classmethod
    def make_samples(cls, folder: Path) -> Sequence[FileSample]:
        path = folder / "md.out"
        path.write_text(
            "\n          -------------------------------------------------------\n          Amber 20 PMEMD"
            "                              2020\n          -------------------------------------------------------\n"
            " &cntrl\n dt=0.002\n /\n   2.  CONTROL  DATA  FOR  THE  RUN\n     ntx     =       5, irest   =       1\n"
            "     dt      =   0.00200\n   3.  ATOMIC COORDINATES AND VELOCITIES\n   4.  RESULTS\n   5.  TIMINGS\n"
            "|  Total wall time:         10    seconds\n"
        )
        return [sample(path, settings={"ntx": "5", "irest": "1", "dt": "0.00200"}, finished=True)]


class TestNAMDCONF(FileTypeContract):
    type_name = "NAMDCONF"
    notices_cuts = False

    @classmethod
    def make_samples(cls, folder: Path) -> Sequence[FileSample]:
        path = folder / "md.namd"
        path.write_text(
            "# a run\nstructure  adk.psf\ncoordinates adk.pdb ;# start\nset temp 300\ntemperature $temp\n"
            "timeStep   2.0\ncutoff = 12\nrun 1000\n"
        )
        return [sample(path, n_lines=8)]


class TestLAMMPSIN(FileTypeContract):
    type_name = "LAMMPSIN"
    notices_cuts = False  # between two commands

    @classmethod
    def make_samples(cls, folder: Path) -> Sequence[FileSample]:
        path = folder / "in.lammps"
        path.write_text(
            "units real\natom_style full\npair_style lj/cut/coul/long 10.0\nread_data a.data\ntimestep 2.0\n"
            "fix 1 all nvt temp 300 300 100\nrun 1000\n"
        )
        return [sample(path, n_lines=7, program={"name": "LAMMPS", "version": ""})]


class TestLAMMPSLOG(FileTypeContract):
    type_name = "LAMMPSLOG"

    @classmethod
    def make_samples(cls, folder: Path) -> Sequence[FileSample]:
        path = folder / "log.lammps"
        path.write_text(
            "LAMMPS (29 Aug 2024)\nunits real\natom_style full\ntimestep 2.0\nrun 100\n   Step   Temp\n      0   300\n"
            "Loop time of 0.5 on 1 procs\nTotal wall time: 0:00:01\n"
        )
        return [sample(path, finished=True, settings={
            "units": "real", "atom_style": "full", "timestep": "2.0", "run": "100"})]  # fmt: skip
