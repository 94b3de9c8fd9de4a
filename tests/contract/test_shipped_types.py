"""Every shipped file type keeps the contract of file types, on real files."""

from __future__ import annotations

import gzip
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from MDAnalysisTests import datafiles

from fomrepo.testing.file_type_contract import FileSample, FileTypeContract

ATOM_SITE = (
    "group_PDB", "id", "type_symbol", "label_atom_id", "label_alt_id", "label_comp_id", "label_asym_id", "label_seq_id",
    "pdbx_PDB_ins_code", "Cartn_x", "Cartn_y", "Cartn_z", "auth_seq_id", "auth_asym_id", "pdbx_PDB_model_num",
)  # fmt: skip


def sample(path: object, topology: object = None, **facts: object) -> FileSample:
    return FileSample(Path(str(path)), None if topology is None else Path(str(topology)), facts)


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

    @classmethod
    def make_samples(cls, folder: Path) -> Sequence[FileSample]:
        return [sample(datafiles.XTC_sub_sol, datafiles.PDB_sub_sol, n_frames=3)]


class TestTRR(FileTypeContract):
    type_name = "TRR"

    @classmethod
    def make_samples(cls, folder: Path) -> Sequence[FileSample]:
        return [sample(datafiles.TRR_sub_sol, datafiles.PDB_sub_sol)]


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
        quoted.write_text('# made by hand\nwho\twhat\n"Ada, L."\t"a ""b"""\nBob\t\n')
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
