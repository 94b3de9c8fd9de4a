"""The desk for submissions where the gate itself is in trouble: nothing is said of the bundle then."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from fomrepo.catalog import Catalog, open_catalog, upgrade_catalog
from fomrepo.errors import SandboxUnavailableError
from fomrepo.model.people import Principal
from fomrepo.model.submissions import SubmissionState
from fomrepo.model.trust import ListedEnvironment, MethodList
from fomrepo.site import submission as module
from fomrepo.site.submission import SubmissionDesk
from tests.count_bundle import count_bundle


@pytest.fixture
def catalog(tmp_path: Path) -> Iterator[Catalog]:
    url = f"sqlite:///{tmp_path}/catalog.db"
    upgrade_catalog(url)
    with open_catalog(url) as opened:
        yield opened


@pytest.fixture
def ada(catalog: Catalog) -> Principal:
    return catalog.people.add_principal("ada")


@pytest.fixture
def site(catalog: Catalog, tmp_path: Path) -> Any:
    """A site that can sandbox, and whose operator has built no sample data."""
    environment = SimpleNamespace(name="mdanalysis", digest="d", packages=tmp_path / "mdanalysis-1" / "packages")
    listed = MethodList(1, {}, (ListedEnvironment("mdanalysis", "e" * 64, official=True),))
    return SimpleNamespace(
        name="site-a",
        catalog=catalog,
        environments=SimpleNamespace(of=lambda bundle: environment, take_in=lambda bundle: None),
        registry=SimpleNamespace(snapshot=lambda: SimpleNamespace(listed=listed), folder_of=None),
        results=None,
        warden=object(),
        need_warden=object,
    )


def files() -> dict[str, bytes]:
    return {path: text.encode() for path, text in count_bundle().items()}


def test_a_gate_in_trouble_says_how_to_mend_it_and_is_tried_again(
    site: Any, ada: Principal, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = SubmissionDesk(site, SimpleNamespace(entries=dict))  # type: ignore[arg-type]  # as much of it as is used
    submission = desk.submit(ada, files(), None)
    found = desk.find(ada, submission.id, wait_s=20)
    assert found.state is SubmissionState.CHECKING
    assert "fomrepo samples build" in found.trouble
    first = desk._gates[submission.id]
    assert desk.find(ada, submission.id, wait_s=0).trouble == found.trouble
    assert desk._gates[submission.id] is first
    monkeypatch.setattr(module, "TROUBLE_PAUSE_S", 0.0)
    desk.find(ada, submission.id, wait_s=0)
    assert desk._gates[submission.id] is not first
    desk.close()


def test_a_site_that_cannot_sandbox_takes_no_submission(site: Any, ada: Principal) -> None:
    def refuse() -> None:
        raise SandboxUnavailableError("this machine runs no methods")

    site.need_warden = refuse
    desk = SubmissionDesk(site, SimpleNamespace(entries=dict))  # type: ignore[arg-type]  # as much of it as is used
    with pytest.raises(SandboxUnavailableError):
        desk.submit(ada, files(), None)
    assert desk.listed(ada, to_review=False) == ()
