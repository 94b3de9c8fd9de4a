"""What an input of a method may be: one file type or family, or a list of them."""

from __future__ import annotations

from typing import Any

import pytest

from fomrepo.errors import BundleRefusedError
from fomrepo.model.bundle import read_schema
from fomrepo.model.methods import MethodSchema


def schema(accepts: Any) -> MethodSchema:
    return read_schema(
        {
            "name": "info",
            "version": "1.0.0",
            "summary": "What there is",
            "entry": "info:info",
            "environment": "mdanalysis",
            "inputs": {"universe": accepts},
            "result": {"type": "Scalar", "fields": {"n_atoms": {"dtype": "int64", "dims": []}}},
        }
    )


def test_one_kind_is_a_list_of_one() -> None:
    assert schema("trajectory").inputs == schema(["trajectory"]).inputs == (("universe", ("trajectory",)),)


def test_a_list_accepts_each_of_its_kinds() -> None:
    info = schema(["trajectory", "PSF"])
    assert info.accepted() == "trajectory or PSF"
    assert info.accepts("XTC", ("trajectory",))
    assert info.accepts("PSF", ("topology",))
    assert not info.accepts("GRO", ("structure", "topology"))


def test_a_file_is_handed_over_as_the_first_family_that_the_method_names() -> None:
    families = ("structure", "topology", "trajectory")
    assert schema(["trajectory", "topology"]).family(families) == "trajectory"
    assert schema(["topology", "trajectory"]).family(families) == "topology"
    assert schema(["PDB"]).family(families) == "structure"


@pytest.mark.parametrize(
    ("accepts", "frames"), [("trajectory", True), ("XTC", True), (["trajectory", "topology"], False), ("table", False)]
)
def test_only_a_method_of_trajectories_alone_takes_frames(accepts: Any, frames: bool) -> None:
    assert schema(accepts).has_frames is frames


@pytest.mark.parametrize(
    ("accepts", "message"),
    [
        ([], "names no file type or family"),
        (7, "names no file type or family"),
        (["trajectory", "XCT"], "'XCT' is no file type or family"),
        (["trajectory", ["PSF"]], "is no file type or family"),
        (["PSF", "PSF"], "twice"),
    ],
)
def test_what_means_nothing_is_refused(accepts: Any, message: str) -> None:
    with pytest.raises(BundleRefusedError, match=f"inputs.universe: .*{message}"):
        schema(accepts)
