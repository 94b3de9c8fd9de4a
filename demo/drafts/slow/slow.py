"""Takes its time, frame by frame, and keeps no processor busy meanwhile."""

import time


def slow(universe, frames, *, seconds):
    """Sleep a little at each frame."""
    for _ in frames:
        time.sleep(seconds / len(frames))
    return {"n_atoms": universe.atoms.n_atoms}
