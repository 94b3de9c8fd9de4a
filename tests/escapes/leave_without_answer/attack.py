import os


def attack(universe):
    os._exit(0)
