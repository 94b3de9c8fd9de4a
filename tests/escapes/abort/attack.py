import os


def attack(universe):
    os.abort()
