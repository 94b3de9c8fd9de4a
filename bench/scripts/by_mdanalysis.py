"""A user's own script: ``python by_mdanalysis.py QUANTITY TOPOLOGY TRAJECTORY OUTPUT``."""

import sys

import MDAnalysis
import numpy as np
from MDAnalysis.analysis import rms

quantity, topology, trajectory, output = sys.argv[1:]
universe = MDAnalysis.Universe(topology, trajectory)
if quantity == "null":
    values = [universe.atoms.n_atoms]
elif quantity == "megabyte":
    values = np.full(2**20 // 8, 1.0)
elif quantity == "rmsd_1":
    values = rms.RMSD(universe, select="backbone").run(stop=1).results.rmsd[:, 2]
elif quantity == "rmsd":
    values = rms.RMSD(universe, select="backbone").run().results.rmsd[:, 2]
elif quantity == "rmsf":
    values = rms.RMSF(universe.select_atoms("protein and name CA")).run().results.rmsf
elif quantity == "radius_of_gyration":
    protein = universe.select_atoms("protein")
    values = [protein.radius_of_gyration() for _ in universe.trajectory]
if quantity != "megabyte":
    np.savetxt(output, values, fmt="%.9f")
else:
    np.save(output, values)
