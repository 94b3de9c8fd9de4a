"""The examples of docs/getting-data-out.md run as they stand."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from fomrepo.client.filesystem import FomFileSystem
from fomrepo.client.record import Record
from fomrepo.testing import LocalFederation
from tests.federation.conftest import OWNER

PAGE = Path(__file__).parents[2] / "docs" / "getting-data-out.md"


@pytest.mark.filterwarnings("ignore:.*:DeprecationWarning:MDAnalysis")
def test_its_examples_run(
    federation: LocalFederation, adk: Record, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FOMREPO_ADDRESS", federation["site-a"].address)
    monkeypatch.setenv("FOMREPO_TOKEN", federation.token(OWNER))
    monkeypatch.setenv("FOMREPO_CA", str(federation.ca))
    monkeypatch.setenv("FOMREPO_CACHE", str(tmp_path))
    FomFileSystem.clear_instance_cache()
    blocks = re.findall(r"^```python\n(.*?)^```", PAGE.read_text(), flags=re.DOTALL | re.MULTILINE)
    assert len(blocks) == 3
    names: dict[str, object] = {}
    try:
        for block in blocks:
            exec(block.replace("/alice/adk", adk.path), names)
        assert len(list(tmp_path.glob("files/*/*/adk*"))) == 2
    finally:
        for name in ("repo", "fs"):
            if name in names:
                names[name].close()  # type: ignore[attr-defined] # they are such
