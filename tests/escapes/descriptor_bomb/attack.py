import os

from tried import bounded

kept = []


def attack(universe):
    return bounded("descriptors", lambda: kept.append(os.dup(1)), ceiling=256, also_refused=("EMFILE",))
