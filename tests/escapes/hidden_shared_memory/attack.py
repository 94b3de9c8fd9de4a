import mmap

kept = []


def keep_one_more():
    page = mmap.mmap(-1, 2**25)  # shared: it stays when the pages are dropped from this process
    for at in range(0, 2**25, 4096):
        page[at] = 1
    page.madvise(mmap.MADV_DONTNEED)
    kept.append(page)


def attack(universe):
    try:
        for _ in range(40):
            keep_one_more()
    except OSError as error:  # the address space is full, where no cgroup ended it before
        raise MemoryError(str(error)) from None
    return {"gained": [f"{len(kept)} blocks of 32 MiB"], "refused": []}
