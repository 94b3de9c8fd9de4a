"""Results of every type, as a site would have answered."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from fomrepo.client.results.kinds import result_class
from fomrepo.client.results.result import Result
from fomrepo.model.bundle import read_schema
from fomrepo.model.operations import Provenance


def texts(*values: str) -> npt.NDArray[Any]:
    return np.array(values, dtype=np.dtypes.StringDType())


def result_of(kind: str, **fields: tuple[Any, str, str]) -> Result:
    """Make a result; each field is a value, its dtype with its dims (``float64 frame xyz``), and its unit."""
    declared: dict[str, Any] = {}
    for name, (_, spelt, unit) in fields.items():
        dtype, *dims = spelt.rstrip("?").split()
        declared[name] = {"dtype": dtype, "dims": dims, "unit": unit, "doc": f"What {name} is"}
        declared[name] |= {"optional": True} if spelt.endswith("?") else {}
    series = kind == "TimeSeries"
    schema = read_schema(
        {
            "name": "example",
            "version": "1.2.0",
            "summary": "An example of a result.",
            "entry": "example:example",
            "environment": "mdanalysis",
            "inputs": {"universe": "trajectory", "reference": "structure"},
            "result": {"type": kind, "fields": {k: v for k, v in declared.items() if k not in ("times", "frames")}},
            "authors": [{"name": "Ada <b>Lovelace</b>"}],
            "citations": [{"title": "On examples", "authors": "A. Lovelace", "year": 1843, "doi": "10.1000/1"}],
        }
    )
    provenance = Provenance(
        operation="op-1",
        site="site-a",
        method="example",
        version="1.2.0",
        method_digest="d" * 64,
        environment_digest="e" * 64,
        inputs=(("FOM-402917.v1", "adk.dcd", "1" * 64),),
        arguments={"select": "name CA"},
        cached=False,
        wall_s=0.5,
        computed=1_700_000_000.0,
        way="hot",
    )
    values = {name: value for name, (value, _, _) in fields.items()}
    if series and "times" not in values:
        count = len(next(iter(values.values())))
        values = {"frames": np.arange(count), "times": 2.0 * np.arange(count), **values}
    for value in values.values():
        for array in value if isinstance(value, tuple) else (value,):
            if isinstance(array, np.ndarray):
                array.flags.writeable = False
    return result_class(kind)(values, schema, provenance)


def time_series() -> Result:
    return result_of(
        "TimeSeries",
        rmsd=(np.array([0.0, 1.5, 3.0]), "float64 frame", "angstrom"),
        rgyr=(np.array([10.0, 11.0, 12.0]), "float64 frame", "angstrom"),
        energy=(np.array([-1.0, -2.0, -4.184]), "float64 frame", "kcal/mol"),
    )


def histogram() -> Result:
    return result_of(
        "Histogram",
        r=(np.array([0.5, 1.5, 2.5]), "float64 bin", "angstrom"),
        g=(np.array([0.0, 2.0, 1.0]), "float64 bin", ""),
    )


def matrix() -> Result:
    return result_of(
        "Matrix",
        resids=(np.array([4, 5, 6]), "int64 residue", ""),
        distance=(np.arange(9.0).reshape(3, 3), "float64 residue residue", "angstrom"),
    )


def table() -> Result:
    return result_of(
        "Table",
        resname=(texts("ALA", "<i>Cβ</i>"), "string row", ""),
        count=(np.array([3, 4]), "int64 row", ""),
        share=(np.array([0.1, np.nan]), "float64 row", ""),
    )


def structure() -> Result:
    return result_of(
        "Structure",
        positions=(np.array([[1.0, 2, 3], [4, 5, 6], [-7, 8, 9.1234]]), "float64 atom xyz", "angstrom"),
        atom_names=(texts("N", "CA\nEND", "CL"), "string atom", ""),
        elements=(texts("N", "C", "CL"), "string atom", ""),
        resnames=(texts("MET", "MET", "CL"), "string atom", ""),
        resids=(np.array([1, 1, 12345]), "int64 atom", ""),
        segids=(texts("PROT", "PROT", "ION"), "string atom", ""),
        cell_lengths=(np.array([3.0, 3, 3]), "float64 edge", "angstrom"),
        cell_angles=(np.array([90.0, 90, 90]), "float64 edge", "degree"),
    )


def scalar() -> Result:
    return result_of("Scalar", size=(1.5, "float64", "nm"), atoms=(7, "int64", ""), label=("AdK", "string", ""))


def everything() -> Result:
    """Every dtype and every form of a field."""
    return result_of(
        "Composite",
        plane=(np.arange(6.0).reshape(2, 3), "float64 frame xyz", "angstrom"),
        small=(np.array([1.5, -0.0], np.float32), "float32 frame", "angstrom"),
        count=(7, "int64", ""),
        wide=(np.array([2**62, -5]), "int64 frame", "ps"),
        code=(np.array([1, 2], np.int32), "int32 frame", ""),
        byte=(np.array([0, 255], np.uint8), "uint8 frame", ""),
        good=(np.array([True, False]), "bool frame", ""),
        yes=(True, "bool", ""),
        single=(1.5, "float32", "nm"),
        wave=(np.array([1 + 0.5j, complex(np.nan, 1)]), "complex128 frame", ""),
        phase=(2 - 1j, "complex128", ""),
        rows=((np.array([1.0, 2.0]), np.array([]), np.array([3.0])), "float64 row *", "nm"),
        names=(texts("CA", "", "Cβ"), "string row", ""),
        title=("adenylate kinase é", "string", ""),
        nothing=(np.empty((0, 4)), "float64 none four", ""),
        absent=(None, "float64 frame?", ""),
        unrepeated=(None, "string row?", ""),
        nowhere=((), "int64 void *", ""),
        pair=(np.array([[1, 2], [3, 4]]), "int64 pair frame", ""),
    )


def figure() -> Result:
    content = np.frombuffer(b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>", np.uint8)
    return result_of("Figure", content=(content, "uint8 byte", ""), media_type=("image/svg+xml", "string", ""))


def file_ref(name: str = "part.xtc") -> Result:
    content = np.arange(256, dtype=np.uint8)
    return result_of("FileRef", content=(content, "uint8 byte", ""), file_name=(name, "string", ""))


#: One of each, and the one with everything.
EXAMPLES = (time_series, histogram, matrix, table, structure, scalar, everything, figure)
