"""Guest: what units mean that files state as texts."""

from __future__ import annotations

import math

# Unit -> factor to angstrom, ps, kJ/mol.
FACTORS = {
    "Angstrom": 1.0, "angstrom": 1.0, "A": 1.0, "nm": 10.0, "pm": 0.01, "um": 1e4, "m": 1e10,
    "ps": 1.0, "fs": 1e-3, "ns": 1e3, "us": 1e6, "s": 1e12, "sec": 1e12, "second": 1e12,
    "kJ": 1.0, "kcal": 4.184, "mol": 1.0, "eV": 96.48533212331,
}  # fmt: skip


def factor_of(unit: str) -> float | None:
    """Return the factor of a product of units with exponents, "kJ mol-1 nm-1"; None where it is not known."""
    factor = 1.0
    for word in unit.replace("/", " /").split():
        inverse, plain = word.startswith("/"), word.lstrip("/")
        base = plain.rstrip("+-0123456789")
        exponent = plain[len(base) :] or "1"
        if base not in FACTORS or exponent.lstrip("+-") not in ("1", "2", "3"):
            return None
        factor *= FACTORS[base] ** (-int(exponent) if inverse else int(exponent))
    return factor if math.isfinite(factor) else None
