"""Folders of drafts: what is packed, and what is not."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from fomrepo.client.bundle_folder import read_folder
from fomrepo.errors import BundleRefusedError
from fomrepo.installed_files import installed_folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return shutil.copytree(installed_folder("methods") / "rmsd", tmp_path / "rmsd")


def test_hidden_files_and_caches_are_left_out(folder: Path) -> None:
    (folder / ".git").symlink_to("/etc")
    assert ".git" not in read_folder(folder).files


@pytest.mark.parametrize("target", ["/etc/passwd", "/etc", "/nowhere", "rmsd.py"])
def test_a_link_is_never_followed(folder: Path, target: str) -> None:
    (folder / "data").symlink_to(target)
    with pytest.raises(BundleRefusedError, match=f"rmsd/data is a link to {target}") as refused:
        read_folder(folder)
    assert refused.value.remedy


def test_what_is_no_regular_file_is_refused(folder: Path) -> None:
    os.mkfifo(folder / "pipe")
    with pytest.raises(BundleRefusedError, match="rmsd/pipe is no regular file"):
        read_folder(folder)
