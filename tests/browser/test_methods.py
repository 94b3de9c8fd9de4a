"""Pages of methods: what is computed, who stands for it, and what each version changed."""

from __future__ import annotations

import io
import time
from pathlib import Path

from matplotlib.image import imread
from starlette.testclient import TestClient

from fomrepo.browser.method_view import PapersShelf, method_view
from fomrepo.client.bundle_folder import read_folder
from fomrepo.client.method_papers import MethodPapers, MethodSigner
from fomrepo.client.registry import PublishedMethod
from fomrepo.model.bundle import read_bundle
from fomrepo.model.health import MethodHealth
from tests.browser.conftest import PATIENCE_MS, World

RMSF = read_folder(Path(__file__).parents[2] / "methods" / "rmsf")


class TwoVersions:
    """What pages ask a repository for, where a method has two versions; counts what is fetched."""

    def __init__(self) -> None:
        newer = RMSF.files["method.toml"].replace(b'version = "1.0.0"', b'version = "1.1.0"')
        files = {**RMSF.files, "method.toml": newer, "README.md": b"# rmsf\n\nAnew."}
        self.bundles = {"1.0.0": RMSF, "1.1.0": read_bundle(files)}
        self.checks = self
        self.fetched: list[str] = []

    def method(self, name: str, version: str | None = None) -> PublishedMethod:
        bundle = self.bundles[version or "1.1.0"]
        return PublishedMethod(bundle.schema, bundle.digest)

    def method_versions(self, name: str) -> list[str]:
        return [*self.bundles]

    def method_papers(self, name: str, version: str | None = None) -> MethodPapers:
        self.fetched.append(str(version))
        return MethodPapers(self.bundles[version or "1.1.0"], "ada", (MethodSigner("grace", "k", 1_790_000_000),))

    def health(self) -> list[MethodHealth]:
        return [MethodHealth("rmsf", "1.1.0", "site-b", "", False, "mean: 1.0 is not 2.0", 1_790_000_000.0)]


def test_versions_say_what_they_changed_and_bundles_are_fetched_once() -> None:
    repo, shelf = TwoVersions(), PapersShelf()
    for _ in range(2):
        view = method_view(repo, shelf, "rmsf", None)  # type: ignore[arg-type] # what it needs of a repository
    assert sorted(repo.fetched) == ["1.0.0", "1.1.0"]
    newest, first = view["changes"]
    assert "version: '1.0.0' -> '1.1.0'" in newest["changes"]
    assert "README.md: another file" in newest["changes"]
    assert (first["version"], first["changes"]) == ("1.0.0", [])
    assert view["health"] == "fails at site-b"
    assert view["signed"][0]["reviewer"] == "grace"
    assert method_view(repo, shelf, "rmsf", "1.0.0")["health"] == ""  # type: ignore[arg-type] # as above


def test_a_page_of_a_method_tells_what_a_referee_asks(web: TestClient) -> None:
    page = web.get("/methods/rmsd").text
    assert "<msqrt>" in page
    assert "mdtraj 1.11.1: 10 * md.rmsd(t, t, 0, atom_indices=ca)" in page
    assert "Reviewed and signed by" in page
    assert "A solution for the best rotation to relate two sets of vectors" in page
    assert "fomrepo call" in page
    told = web.get("/api/v1/methods/rmsd").json()
    assert told["readme"].startswith("# rmsd")
    assert len(told["cases"]) == 4
    assert web.get("/methods/nothing").status_code == 404
    assert web.get("/methods/rmsd?version=9.9.9").status_code == 404


def test_an_example_is_made_once_of_a_published_file(web: TestClient, world: World) -> None:
    until = time.monotonic() + PATIENCE_MS / 1000
    while "hx-get" in (shown := web.get("/methods/distance/example").text) and time.monotonic() < until:
        time.sleep(0.2)
    assert f"{world.adk}.v1</a>, adk_dims.dcd" in shown
    assert "select_a" in shown  # as a golden case has it
    for scheme in ("light", "dark"):
        picture = web.get("/methods/distance/example.png", params={"scheme": scheme})
        assert imread(io.BytesIO(picture.content), format="png").std() > 0.02
    before = web.app.state.library.visitor._connection.requests_sent  # type: ignore[attr-defined] # of Starlette
    web.get("/methods/distance/example.png")
    assert web.app.state.library.visitor._connection.requests_sent == before  # type: ignore[attr-defined] # as above


def test_a_method_that_nothing_published_fits_has_no_example(web: TestClient) -> None:
    until = time.monotonic() + PATIENCE_MS / 1000
    while "hx-get" in (shown := web.get("/methods/energy/example").text) and time.monotonic() < until:
        time.sleep(0.1)
    assert "Nothing published is small enough" in shown
    assert web.get("/methods/energy/example.png").status_code == 404
