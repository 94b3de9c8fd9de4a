"""What CONTRIBUTING.md says of names and of exceptions to the rules."""

import re
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]

#: Names that say nothing about what is inside.
DRAWERS = {"utils", "util", "helpers", "helper", "common", "manager", "core", "base", "misc"}


FOLDERS = ["fomrepo", "sandbox", "methods", "deposition", "migrations", "demo", "tests", "bench"]

SOURCE = [
    path
    for folder in FOLDERS
    for path in sorted((CHECKOUT / folder).rglob("*.py"))
    if not path.is_relative_to(CHECKOUT / "fomrepo" / "wire" / "v1") and path != Path(__file__)
]


def test_no_module_is_a_drawer() -> None:
    assert [path for path in SOURCE if path.stem in DRAWERS] == []


def test_every_exception_to_a_rule_has_its_reason_on_the_same_line() -> None:
    exception = re.compile(r"# (noqa|type: ignore|nosec)")
    reasoned = re.compile(r"# (noqa: [A-Z]+\d+(, ?[A-Z]+\d+)*[ #(-]+[a-z]|type: ignore\[[a-z, -]+\] +# ?\w)")
    bare = [
        f"{path.relative_to(CHECKOUT)}:{number}: {line.strip()}"
        for path in SOURCE
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if exception.search(line) and not reasoned.search(line)
    ]
    assert bare == []
