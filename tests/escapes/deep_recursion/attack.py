import sys


def deeper(n):
    return [deeper(n + 1)] and repr(n)


def attack(universe):
    sys.setrecursionlimit(10**9)
    nested = []
    for _ in range(10**6):
        nested = [nested]
    return {"gained": [repr(nested)], "refused": []}
