"""Guest: which columns the atoms of a LAMMPS data file have; MDAnalysis guesses wrong for styles without a molecule."""

from __future__ import annotations

# Style, as the section's title names it -> columns of an atom, as MDAnalysis is told; three image flags may follow.
STYLES = {
    "full": "id resid type charge x y z", "molecular": "id resid type x y z", "bond": "id resid type x y z",
    "angle": "id resid type x y z", "charge": "id type charge x y z", "atomic": "id type x y z",
}  # fmt: skip


def atom_style(path: str) -> str:
    """Return the columns of a file's atoms: of the style that is named, else of that which their number tells."""
    with open(path, encoding="utf-8", errors="replace") as stream:
        title = next((line for line in stream if line.partition("#")[0].strip() == "Atoms"), "")
        named = title.partition("#")[2].split()
        if named and named[0] in STYLES:
            return STYLES[named[0]]
        row = next((words for line in stream if (words := line.partition("#")[0].split())), [])
    plain = len(row) - 3 if len(row) >= 8 else len(row)
    if plain == 6:
        return STYLES["charge" if "." in row[2] else "molecular"]
    return STYLES["full" if plain == 7 else "atomic"]
