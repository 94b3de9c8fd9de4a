"""Print the golden values that GROMACS gives for adenylate kinase in water (the sample adk_oplsaa), and for energies.

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
        output = {"hbond": "-num", "mindist": "-od"}.get(tool, "-o")
        command = ["gmx", tool, "-s", str(datafiles.TPR), "-f", str(datafiles.XTC), output, str(file), *options]
        subprocess.run(command, input=choose, text=True, check=True, capture_output=True, cwd=folder)
        return np.loadtxt(file, comments=["#", "@"])


def bonded_atoms() -> np.ndarray:
    """Return donor, hydrogen and acceptor (bond, 3), from 0, of all hydrogen bonds inside of the protein."""
    with tempfile.TemporaryDirectory() as folder:
        command = ["gmx", "hbond", "-s", str(datafiles.TPR), "-f", str(datafiles.XTC), "-hbn", "bonds.ndx"]
        options = ["-r", "0.35", "-a", "30", "-nomerge"]
        subprocess.run([*command, *options], input="1\n1\n", text=True, check=True, capture_output=True, cwd=folder)
        last_group = (Path(folder) / "bonds.ndx").read_text().rpartition("]")[2]
    return np.array(sorted(tuple(map(int, line.split())) for line in last_group.split("\n") if line)) - 1


def energies() -> np.ndarray:
    """Return time, potential energy, pressure and volume (row, 4) of the sample of energies."""
    with tempfile.TemporaryDirectory() as folder:
        command = ["gmx", "energy", "-f", str(datafiles.AUX_EDR), "-dp", "-o", "out.xvg"]
        chosen = "Potential\nPressure\nVolume\n\n"
        subprocess.run(command, input=chosen, text=True, check=True, capture_output=True, cwd=folder)
        return np.loadtxt(Path(folder) / "out.xvg", comments=["#", "@"])


def main() -> None:
    """Print each value beside the case that states it."""
    version = subprocess.run(["gmx", "--version"], text=True, check=True, capture_output=True).stdout
    print(next(line for line in version.splitlines() if line.startswith("GROMACS version")))
    bonds = gmx("hbond", "-r", "0.35", "-a", "30", "-nomerge", choose="1\n1\n")
    print("hydrogen_bonds/as_gromacs: n_hydrogen_bonds", bonds[:, 1].astype(int).tolist())
    images = gmx("mindist", "-pi", choose="1\n")
    print("box_sanity/own_images: finding_values", (10.0 * images[:, 1]).round(2).tolist())
    # Of the frames at 0, 100 and 200 ps, -e 200 leaves the last one out.
    squares = gmx("msd", "-sel", "name OW", "-trestart", "100", "-e", "200", "-beginfit", "0", "-endfit", "100")
    print("msd/water_over_the_cell: msd", (100.0 * squares[:, 1]).tolist())
    for what, factor in (("mass", DALTON_PER_ANGSTROM3), ("number", 1000.0), ("charge", 1000.0)):
        slabs = gmx("density", "-d", "Z", "-sl", "50", "-dens", what, choose="0\n")
        values = slabs[:, 1] / factor
        print(f"density_profile/over_the_cell: {what}", values[0], values[-1], values.mean(), values.max())
    print("density_profile/over_the_cell: position", 10.0 * slabs[0, 0], 10.0 * slabs[-1, 0])
    print("hydrogen_bonds/as_gromacs: donors, hydrogens, acceptors", *bonded_atoms()[[0, -1]].tolist())
    for line in energies():
        print("energy/gromacs: row_times, energies", line.tolist())


if __name__ == "__main__":
    main()
