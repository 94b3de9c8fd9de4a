import builtins
import gc
import linecache
import locale
import random
import sys

from tried import tried

MARK = "a mark of an earlier run"


def left(found, leave):
    leave()
    if not found:
        raise PermissionError(1, "nobody has been here")
    return found


def once():
    seeded = random.Random(1).getstate()
    return tried(
        {
            "builtins": lambda: left(hasattr(builtins, "mark"), lambda: setattr(builtins, "mark", MARK)),
            "functions": lambda: left(hasattr(locale.str, "mark"), lambda: setattr(locale.str, "mark", MARK)),
            "modules": lambda: left(MARK in sys.modules, lambda: sys.modules.update({MARK: sys})),
            "import path": lambda: left(MARK in sys.path, lambda: sys.path.append(MARK)),
            "folders": lambda: left(
                MARK in sys.path_importer_cache, lambda: sys.path_importer_cache.update({MARK: None})
            ),
            "source lines": lambda: left(
                MARK in linecache.cache, lambda: linecache.cache.update({MARK: (0, None, [], MARK)})
            ),
            "options": lambda: left(MARK in sys.warnoptions, lambda: sys.warnoptions.append(MARK)),
            "texts": lambda: left(sys.stdout.errors == "replace", lambda: sys.stdout.reconfigure(errors="replace")),
            "recursion": lambda: left(sys.getrecursionlimit() == 777, lambda: sys.setrecursionlimit(777)),
            "switches": lambda: left(sys.getswitchinterval() == 0.5, lambda: sys.setswitchinterval(0.5)),
            "collector": lambda: left(gc.get_threshold()[0] == 7, lambda: gc.set_threshold(7, 7, 7)),
            "random numbers": lambda: left(random.getstate() == seeded, lambda: random.setstate(seeded)),
        }
    )


def attack(universe):
    if universe is None:  # the control: two runs in one process
        once()
    return once()
