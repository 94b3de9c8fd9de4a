"""The public surface is short, and changes only on purpose."""

import fomrepo


def test_public_names() -> None:
    assert fomrepo.__all__ == ["FomrepoError", "connect", "errors", "fetch", "load"]
