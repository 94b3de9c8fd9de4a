import threading


def fill():
    hoard = []
    while True:
        hoard.append(bytearray(b"x" * 2**20))


def attack(universe):
    threads = [threading.Thread(target=fill) for _ in range(8)]
    try:
        for thread in threads:
            thread.start()
    except RuntimeError:
        pass  # no memory for another stack
    for thread in threads:
        if thread.ident is not None:
            thread.join()
    return {"gained": ["all threads were refused memory and the run went on"], "refused": []}
