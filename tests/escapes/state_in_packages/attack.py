import MDAnalysis
import numpy as np
from tried import tried

MARK = "a mark of an earlier run"


def left(found, leave):
    leave()
    if not found:
        raise PermissionError(1, "nobody has been here")
    return found


def attack(universe):
    atoms = universe.atoms
    return tried(
        {
            "package": lambda: left(hasattr(MDAnalysis, "mark"), lambda: setattr(MDAnalysis, "mark", MARK)),
            "class": lambda: left(hasattr(MDAnalysis.Universe, "mark"), lambda: setattr(type(universe), "mark", MARK)),
            "universe": lambda: left("mark" in vars(universe), lambda: setattr(universe, "mark", MARK)),
            "names": lambda: left(MARK in set(atoms.names), lambda: setattr(atoms, "names", MARK)),
            "positions": lambda: left(
                (atoms.positions == 7).all(), lambda: setattr(atoms, "positions", atoms.positions * 0 + 7)
            ),
            "errors": lambda: left(np.geterr()["over"] == "call", lambda: np.seterr(all="call")),
            "printing": lambda: left(np.get_printoptions()["precision"] == 3, lambda: np.set_printoptions(precision=3)),
        }
    )
