import hashlib
import threading


def spin():
    while True:
        hashlib.sha256(bytes(2**20))  # works without the interpreter's lock


def attack(universe):
    for _ in range(8):
        threading.Thread(target=spin).start()
    spin()
