"""Programs of others are what their table says."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import fomrepo.browser

VENDOR = Path(fomrepo.browser.__file__).parent / "static" / "vendor"


def test_every_vendored_file_has_its_digest_and_its_licence() -> None:
    table = dict(re.findall(r"\| `(\S+)` \| `([0-9a-f]{64})` \|", (VENDOR / "README.md").read_text()))
    found = {path for path in VENDOR.glob("*/*") if path.name != "LICENSE"}
    assert {str(path.relative_to(VENDOR)): hashlib.sha256(path.read_bytes()).hexdigest() for path in found} == table
    assert all((path.parent / "LICENSE").exists() for path in found)


def test_own_scripts_and_styles_name_no_other_address() -> None:
    for path in VENDOR.parent.glob("*.*"):
        addresses = set(re.findall(r"https?://[^\s\"']+", path.read_text()))
        assert addresses <= {"http://www.w3.org/2000/svg"}, path
