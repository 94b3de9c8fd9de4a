import mmap
import time

import numpy as np


def attack(universe):
    for _ in range(200):
        numbers = np.ones(2**26)  # 512 MiB, given back at once
        del numbers
        time.sleep(0.02)
    return {"gained": ["200 times"], "refused": []}
