"""Guest: nothing but the call."""


def null_call(universe, frames, *, salt):
    """Count the atoms."""
    return {"n_atoms": universe.atoms.n_atoms}
