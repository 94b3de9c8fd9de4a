import threading

from tried import bounded

stop = threading.Event()


def one_more():
    threading.Thread(target=stop.wait, daemon=True).start()


def attack(universe):
    try:
        return bounded("threads", one_more, ceiling=64, stops=(RuntimeError,))
    finally:
        stop.set()
