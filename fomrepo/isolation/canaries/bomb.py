"""Guest: children that ignore all signals and fill the memory, until the host ends them.

Host counterpart: fomrepo/isolation/doctor.py, which expects the memory limit to be named, and nothing to be left alive.
"""

import os
import signal

for number in set(signal.Signals) - {signal.SIGKILL, signal.SIGSTOP}:
    signal.signal(number, signal.SIG_IGN)
for _ in range(3):
    if os.fork() == 0:  # noqa: TID251 - a guest, which may try
        break
hoard = []
while True:
    hoard.append(b"x" * 2**20)
