import threading


def attack(universe):
    while True:
        threading.Event().wait(1000)
