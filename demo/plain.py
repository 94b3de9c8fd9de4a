"""The user's own script: RMSD by plain MDAnalysis as JSON. ``python plain.py TOPOLOGY TRAJECTORY SELECTION``."""

import json
import sys
import warnings

import MDAnalysis
from MDAnalysis.analysis import rms

warnings.simplefilter("ignore")
topology, trajectory, selection = sys.argv[1:]
universe = MDAnalysis.Universe(topology, trajectory)
analysis = rms.RMSD(universe, select=selection).run()
print(json.dumps({"times": analysis.results.rmsd[:, 1].tolist(), "rmsd": analysis.results.rmsd[:, 2].tolist()}))
