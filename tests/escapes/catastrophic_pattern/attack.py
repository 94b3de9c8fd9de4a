import re


def attack(universe):
    re.match(r"(a*)*b", "a" * 64)
