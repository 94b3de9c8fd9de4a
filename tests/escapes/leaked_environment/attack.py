import os

from tried import tried

EXPECTED = {
    *("HOME", "LANG", "LC_CTYPE", "LD_LIBRARY_PATH", "MPLCONFIGDIR", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"),
    *("HDF5_USE_FILE_LOCKING", "KMP_DUPLICATE_LIB_OK", "KMP_INIT_AT_FORK", "PWD", "PYTHONHASHSEED"),
}


def unexpected(name):
    if name in EXPECTED:
        raise PermissionError(1, name)
    return os.environ[name]


def attack(universe):
    return tried({name: lambda name=name: unexpected(name) for name in [*os.environ, *EXPECTED]})
