import mmap

from tried import bounded

kept = []


def one_more():
    page = mmap.mmap(-1, 2**25)  # shared: it stays when the pages are dropped from this process
    for at in range(0, 2**25, 4096):
        page[at] = 1
    page.madvise(mmap.MADV_DONTNEED)
    kept.append(page)


def attack(universe):
    return bounded("blocks of 32 MiB", one_more, ceiling=40, also_refused=("ENOMEM",))
