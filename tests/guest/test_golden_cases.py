"""Each built-in method's golden cases, as its bundle states them and as the gate reads them."""

from __future__ import annotations

from pathlib import Path

import pytest

from fomrepo.client.bundle_folder import read_folder
from fomrepo.installed_files import installed_folder
from fomrepo.isolation.environment import default_environments_folder
from fomrepo.model.golden_cases import read_golden_cases
from fomrepo.site.gate import Samples, find_or_build_samples
from fomrepo.site.gate.checks import check_coverage, check_documentation
from fomrepo.site.gate.run_case import CaseRunner
from tests.unit.site.gate_bundles import WithoutAWall

METHODS = installed_folder("methods")
BUNDLES = sorted(path.parent for path in METHODS.glob("*/method.toml"))
CASES = sorted(METHODS.glob("*/tests/*.toml"))


@pytest.fixture(scope="module")
def samples() -> Samples:
    return find_or_build_samples(default_environments_folder())


@pytest.mark.parametrize("file", CASES, ids=lambda path: f"{path.parent.parent.name}/{path.stem}")
def test_golden_case_holds(file: Path, samples: Samples, tmp_path: Path) -> None:
    bundle = read_folder(file.parent.parent)
    case = next(one for one in read_golden_cases(bundle) if one.name == f"tests/{file.name}")
    assert CaseRunner(bundle, WithoutAWall(tmp_path), samples).report(case, thorough=False).message == ""


@pytest.mark.parametrize("folder", BUNDLES, ids=lambda path: path.name)
def test_bundle_is_one_that_the_gate_takes(folder: Path) -> None:
    bundle = read_folder(folder)
    assert bundle.schema.name == folder.name
    assert bundle.files["README.md"].startswith(f"# {folder.name}\n".encode())
    for check in (check_documentation(bundle), check_coverage(bundle.schema, read_golden_cases(bundle))):
        assert check.ok, check.message
