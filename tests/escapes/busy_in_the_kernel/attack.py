import os


def attack(universe):
    while True:
        os.getrandom(2**24)
