"""What reviewers are shown of a change."""

from __future__ import annotations

import pytest

from fomrepo.model.bundle import read_bundle
from fomrepo.model.differences import file_differences, schema_differences, visible
from fomrepo.model.methods import Bundle
from tests.count_bundle import METHOD, count_bundle


def bundle(**files: str | None) -> Bundle:
    return read_bundle({path: text.encode() for path, text in count_bundle(**files).items()})


def test_of_a_first_version_every_line_is_new() -> None:
    lines = list(file_differences(bundle(), None))
    assert lines[:4] == ["--- /dev/null", "+++ b/README.md", "@@ -0,0 +1,3 @@", "+# count"]
    assert not [line for line in lines if line.startswith("-") and line != "--- /dev/null"]


def test_files_that_stay_are_not_shown_and_files_that_go_are() -> None:
    lines = list(file_differences(bundle(**{"README.md": None, "new.txt": "x"}), bundle()))
    assert [line for line in lines if line.startswith(("---", "+++"))] == [
        "--- a/README.md",
        "+++ /dev/null",
        "--- /dev/null",
        "+++ b/new.txt",
    ]


def test_bytes_that_are_no_text_are_spelt_out() -> None:
    files = {path: text.encode() for path, text in count_bundle().items()}
    changed = read_bundle(files | {"data.bin": b"\xff\x00\x1b[2J"})
    assert [line for line in file_differences(changed, bundle()) if line.startswith("+\\")] == [
        "+\\xff\\u0000\\u001b[2J",
        "+\\ no new line at the end",
    ]


def test_keys_of_the_schema_are_compared_one_by_one() -> None:
    changed = bundle(**{"method.toml": METHOD.replace("Number of", "Count of") + "[limits]\nwall_s = 9\n"})
    assert list(schema_differences(changed, bundle())) == [
        "limits.wall_s: new, 9",
        "summary: 'Number of atoms' -> 'Count of atoms'",
    ]
    assert next(schema_differences(bundle(), changed)) == "limits.wall_s: gone, was 9"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Radius in Å\n\tüber alles", "Radius in Å\n\tüber alles"),
        ("\x1b[2J", "\\u001b[2J"),
        ("a\u202eb\u2066c", "a\\u202eb\\u2066c"),
        ("one\r\ntwo", "one\\r\ntwo"),
        ("\x00\x7f\u200b", "\\u0000\\u007f\\u200b"),
    ],
)
def test_every_character_can_be_seen(text: str, shown: str) -> None:
    assert visible(text) == shown
