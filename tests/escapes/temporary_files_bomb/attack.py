import os

from tried import bounded, merged

numbers = iter(range(10**9))


def one_more_file():
    os.close(os.open(f"/tmp/fomrepo-{next(numbers)}", os.O_CREAT | os.O_WRONLY))


def one_more_folder():
    os.mkdir(f"/tmp/fomrepo-{next(numbers)}")


def attack(universe):
    return merged(bounded("files", one_more_file, ceiling=10), bounded("folders", one_more_folder, ceiling=10))
