import importlib
import os

from tried import tried

NAMES = ("json", "numpy", "sandbox", "sandbox.container", "threading")


def own(name):
    module = importlib.import_module(name)
    if not module.__file__.startswith(os.path.dirname(__file__)):
        raise PermissionError(1, "the right one")
    return module.__file__


def attack(universe):
    return tried({name: lambda name=name: own(name) for name in NAMES})
