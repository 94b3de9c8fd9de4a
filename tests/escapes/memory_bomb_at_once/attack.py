import numpy as np


def attack(universe):
    return {"gained": [str(np.ones(2**33).sum())], "refused": []}
