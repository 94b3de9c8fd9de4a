"""A user's own script: ``python by_mdtraj.py QUANTITY TOPOLOGY TRAJECTORY OUTPUT``; lengths in angstrom."""

import sys

import mdtraj
import numpy as np

quantity, topology, trajectory, output = sys.argv[1:]
loaded = mdtraj.load(trajectory, top=topology)
if quantity == "rmsd":
    values = mdtraj.rmsd(loaded, loaded, frame=0, atom_indices=loaded.topology.select("backbone"))
elif quantity == "rmsf":
    alpha = loaded.xyz[:, loaded.topology.select("name CA")].astype(np.float64)  # mdtraj.rmsf would superpose
    values = np.sqrt(alpha.var(axis=0).sum(axis=-1))
elif quantity == "radius_of_gyration":
    masses = np.array([atom.element.mass for atom in loaded.topology.atoms])
    values = mdtraj.compute_rg(loaded, masses=masses)
np.savetxt(output, 10.0 * values, fmt="%.9f")
