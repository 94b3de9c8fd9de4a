import threading


def spin():
    while True:
        pass


def attack(universe):
    threading.Thread(target=spin).start()
    return {"gained": [], "refused": ["the process is ended all the same"]}
