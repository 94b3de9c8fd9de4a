"""Which licences there are: what a deposit names must be one, lest it turns out on the day of its publication."""

from __future__ import annotations

from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression

from fomrepo.errors import ArgumentError

#: Longest licence, in characters: an SPDX expression of several licences.
LICENCE_LIMIT = 200


def spdx_licence(text: str) -> str:
    """Return an SPDX expression in its canonical spelling: ``cc-by-4.0`` -> ``CC-BY-4.0``.

    Raises
    ------
    ArgumentError
        If it is none.
    """
    try:
        if not 1 <= len(text.strip()) <= LICENCE_LIMIT:
            raise InvalidLicenseExpression
        return str(canonicalize_license_expression(text.strip()))
    except InvalidLicenseExpression:
        raise ArgumentError(
            f"{text[:80]!r} names no licence" if text.strip() else "a version cannot be published without a licence",
            remedy="give its SPDX identifier (https://spdx.org/licenses): --licence CC-BY-4.0, CC0-1.0, MIT ...",
        ) from None
