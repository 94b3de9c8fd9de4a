import os
import time


def attack(universe):
    os.close(3)
    time.sleep(10**6)
