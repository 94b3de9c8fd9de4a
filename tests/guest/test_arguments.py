"""What only the data can tell about the arguments."""

from __future__ import annotations

import MDAnalysis
import pytest

from sandbox.failures import ArgumentError
from sandbox.load import load_input
from sandbox.selections import checked_arguments
from tests.guest.runs import sample_input

SELECTION = {"select": {"type": "selection"}}


@pytest.fixture(scope="module")
def adk() -> MDAnalysis.Universe:
    return load_input(sample_input("adk_dims"))


def test_a_selection_that_finds_atoms_goes_through_as_text(adk: MDAnalysis.Universe) -> None:
    assert checked_arguments(SELECTION, {"select": "name CA"}, [adk], "adk.dcd") == {"select": "name CA"}


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("name XX", r"select='name XX' finds no atom in adk\.dcd; `fomrepo call RECORD/adk\.dcd info` shows"),
        ("nmae CA", r"select='nmae CA' is no selection in adk\.dcd: Unknown selection token: 'nmae'; `fomrepo call"),
        ("name CA and", r"select='name CA and' is no selection in adk\.dcd: it ends too early"),
        ("name CA and (", r"is no selection in adk\.dcd: it ends too early"),
        ("(name CA", r"is no selection in adk\.dcd: it ends too early"),
        ("prop charge >", "is no selection"),
        ("resid 1-", "is no selection"),
    ],
)
def test_a_selection_that_means_nothing_is_named_with_file_and_remedy(
    adk: MDAnalysis.Universe, value: str, message: str
) -> None:
    with pytest.raises(ArgumentError, match=message):
        checked_arguments(SELECTION, {"select": value}, [adk], "adk.dcd")


def test_each_item_of_a_list_is_checked(adk: MDAnalysis.Universe) -> None:
    declared = {"selects": {"type": "list", "items": "selection"}}
    with pytest.raises(ArgumentError, match="selects='name XX' finds no atom"):
        checked_arguments(declared, {"selects": ["name CA", "name XX"]}, [adk], "adk.dcd")


def test_a_selection_may_be_declared_empty_or_left_out(adk: MDAnalysis.Universe) -> None:
    declared = {"select": {"type": "selection", "may_be_empty": True}}
    assert checked_arguments(declared, {"select": "name XX"}, [adk], "adk.dcd") == {"select": "name XX"}
    assert checked_arguments(SELECTION, {"select": None}, [adk], "adk.dcd") == {"select": None}


@pytest.mark.parametrize(("given", "index"), [(0, 0), (97, 97), (-1, 97), (-98, 0)])
def test_frames_are_counted_from_the_first(adk: MDAnalysis.Universe, given: int, index: int) -> None:
    assert checked_arguments({"ref": {"type": "frame"}}, {"ref": given}, [adk], "adk.dcd") == {"ref": index}


@pytest.mark.parametrize("given", [98, -99])
def test_a_frame_beyond_the_end_is_an_argument_error(adk: MDAnalysis.Universe, given: int) -> None:
    with pytest.raises(ArgumentError, match=f"ref={given} is beyond the 98 frames; the last one is 97"):
        checked_arguments({"ref": {"type": "frame"}}, {"ref": given}, [adk], "adk.dcd")
