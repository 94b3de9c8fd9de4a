import sys


def attack(universe):
    container = sys.modules["sandbox.container"].Container
    container.chunks = lambda self: [memoryview(bytes(len(self)))]
    return {"gained": ["a container of zeros"], "refused": []}
