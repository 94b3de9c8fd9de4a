import threading

from tried import bounded

stop = threading.Event()


def one_more():
    threading.Thread(target=stop.wait, daemon=True).start()


def attack(universe):
    threading.stack_size(2**29)
    try:
        return bounded("stacks", one_more, ceiling=8, stops=(RuntimeError,))
    finally:
        stop.set()
