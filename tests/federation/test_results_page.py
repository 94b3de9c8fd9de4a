"""The examples of docs/results.md run as they stand."""

from __future__ import annotations

import re
from pathlib import Path

import matplotlib as mpl
import pytest
from matplotlib import pyplot

from fomrepo.client.record import Record
from fomrepo.testing import LocalFederation
from tests.federation.conftest import OWNER

PAGE = Path(__file__).parents[2] / "docs" / "results.md"


def test_its_examples_run(
    federation: LocalFederation, adk: Record, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FOMREPO_ADDRESS", federation["site-a"].address)
    monkeypatch.setenv("FOMREPO_TOKEN", federation.token(OWNER))
    monkeypatch.setenv("FOMREPO_CA", str(federation.ca))
    mpl.use("agg")
    blocks = re.findall(r"^```python\n(.*?)^```", PAGE.read_text(), flags=re.DOTALL | re.MULTILINE)
    assert len(blocks) == 5
    names: dict[str, object] = {}
    try:
        for block in blocks:
            exec(block.replace("/alice/adk", adk.accession), names)
    finally:
        pyplot.close("all")
        if "repo" in names:
            names["repo"].close()  # type: ignore[attr-defined] # it is one
    assert {path.name for path in tmp_path.iterdir()} == {"rmsd.safetensors", "rmsd.nc", "rmsd.csv"}
