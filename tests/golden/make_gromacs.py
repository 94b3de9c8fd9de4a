"""Print the golden values that GROMACS gives for adenylate kinase in water (the sample adk_oplsaa).

The values stand in `methods/*/tests/*.toml` and were made by GROMACS 2022.5 of Debian 12, which continuous integration
does not install: it takes longer than all golden cases. Where `gmx` is there: `python tests/golden/make_gromacs.py`.
"""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path

import numpy as np
from MDAnalysisTests import datafiles

DALTON_PER_ANGSTROM3 = 1660.53907  # kg/m**3


def gmx(tool: str, *options: str, choose: str = "") -> np.ndarray:
    """Run a tool and return the columns that it writes."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "out.xvg"
        output = "-num" if tool == "hbond" else "-o"
        command = ["gmx", tool, "-s", str(datafiles.TPR), "-f", str(datafiles.XTC), output, str(file), *options]
        subprocess.run(command, input=choose, text=True, check=True, capture_output=True, cwd=folder)
        return np.loadtxt(file, comments=["#", "@"])


def main() -> None:
    """Print each value beside the case that states it."""
    version = subprocess.run(["gmx", "--version"], text=True, check=True, capture_output=True).stdout
    print(next(line for line in version.splitlines() if line.startswith("GROMACS version")))
    bonds = gmx("hbond", "-r", "0.35", "-a", "30", "-nomerge", choose="1\n1\n")
    print("hydrogen_bonds/as_gromacs: n_hydrogen_bonds", bonds[:, 1].astype(int).tolist())
    # Of the frames at 0, 100 and 200 ps, -e 200 leaves the last one out.
    squares = gmx("msd", "-sel", "name OW", "-trestart", "100", "-e", "200", "-beginfit", "0", "-endfit", "100")
    print("msd/water_over_the_cell: msd", (100.0 * squares[:, 1]).tolist())
    for what, factor in (("mass", DALTON_PER_ANGSTROM3), ("number", 1000.0), ("charge", 1000.0)):
        slabs = gmx("density", "-d", "Z", "-sl", "50", "-dens", what, choose="0\n")
        values = slabs[:, 1] / factor
        print(f"density_profile/over_the_cell: {what}", values[0], values[-1], values.mean(), values.max())
    print("density_profile/over_the_cell: position", 10.0 * slabs[0, 0], 10.0 * slabs[-1, 0])


if __name__ == "__main__":
    main()
