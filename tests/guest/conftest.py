"""What the guest's tests share: sample data, and a folder to copy it to."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

# What the libraries under test and the oracles say about themselves; our own code may warn of nothing.
NOT_OURS = (
    "ignore:DCDReader currently makes independent timesteps:DeprecationWarning",
    "ignore::UserWarning:MDAnalysis",
    "ignore::DeprecationWarning:MDAnalysis",
    "ignore::UserWarning:mdtraj",
    "ignore::DeprecationWarning:mdtraj",
    "ignore:Element information is missing:UserWarning",
    "ignore:Reader has no dt information:UserWarning",
    "ignore:No coordinate reader found:UserWarning",
    "ignore:Unknown masses are set:PendingDeprecationWarning",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let warnings of MDAnalysis and mdtraj pass in this folder."""
    here = Path(__file__).parent
    for item in items:
        if here in Path(item.path).parents:
            for line in NOT_OURS:
                item.add_marker(pytest.mark.filterwarnings(line))


@pytest.fixture
def copied(tmp_path: Path) -> Callable[..., Path]:
    """Give a function that copies a file to a folder of its own, perhaps only its first bytes, under a name."""

    def copy(source: str | Path, name: str | None = None, *, first_bytes: int | None = None) -> Path:
        target = tmp_path / (name or Path(source).name)
        if first_bytes is None:
            shutil.copyfile(source, target)
        else:
            target.write_bytes(Path(source).read_bytes()[:first_bytes])
        return target

    return copy
