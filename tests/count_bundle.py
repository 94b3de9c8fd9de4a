"""A bundle that passes the gate: it counts atoms."""

from __future__ import annotations

from pathlib import Path

METHOD = """\
name = "{name}"
version = "{version}"
summary = "Number of atoms"
entry = "count:count"
environment = "mdanalysis"
licence = "Apache-2.0"
[[authors]]
name = "A. U. Thor"
[inputs]
universe = "trajectory"
[result]
type = "Scalar"
[result.fields.n]
dtype = "int64"
dims = []
doc = "How many atoms the topology has"
"""
CODE = "def count(universe, frames):\n    return {'n': universe.atoms.n_atoms}\n"
CASE = """\
data = "adk_dims"
[[expect]]
field = "n"
value = 3341
tolerance = 0.0
source = "the PSF says so in its line of NATOM"
"""
README = "# count\n\nAtoms are counted, which needs no formula; the topology is the reference for their number.\n"


def count_bundle(name: str = "count", version: str = "1.0.0", **files: str | None) -> dict[str, str]:
    """Files of the bundle by path; one of content None is left out."""
    whole: dict[str, str | None] = {
        "method.toml": METHOD,
        "count.py": CODE,
        "README.md": README,
        "tests/adk.toml": CASE,
    }
    filled = {path: text for path, text in (whole | files).items() if text is not None}
    return filled | {"method.toml": filled["method.toml"].format(name=name, version=version)}


def write_bundle(folder: Path, name: str = "count", version: str = "1.0.0", **files: str | None) -> Path:
    """Write the bundle into a folder."""
    for path, text in count_bundle(name, version, **files).items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    return folder
