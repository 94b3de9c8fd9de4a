"""Environments are built once, whole or not at all, from exactly what the lock names."""

import hashlib
import json
import os
import threading
import zipfile
from pathlib import Path

import pytest

from fomrepo.errors import BundleRefusedError, SandboxUnavailableError
from fomrepo.isolation import environment
from fomrepo.isolation.environment import (
    default_environments_folder,
    environment_digest,
    find_environment,
    find_or_build_environment,
    newest_environment,
)
from fomrepo.isolation.interpreter import find_interpreter, shared_libraries
from fomrepo.isolation.lock_file import LOCK_LIMIT_BYTES, check_lock

WHEEL = "tiny_package-1.0-py3-none-any.whl"


@pytest.fixture
def lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a lock that names one tiny wheel, which lies in a folder; no index is asked."""
    info = "tiny_package-1.0.dist-info"
    with zipfile.ZipFile(tmp_path / WHEEL, "w") as wheel:
        wheel.writestr("tiny_package.py", "answer = 42\n")
        wheel.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: tiny-package\nVersion: 1.0\n")
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: x\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(f"{info}/RECORD", f"tiny_package.py,,\n{info}/METADATA,,\n{info}/WHEEL,,\n{info}/RECORD,,\n")
    digest = hashlib.sha256((tmp_path / WHEEL).read_bytes()).hexdigest()
    (tmp_path / "requirements.lock").write_text(f"tiny-package==1.0 --hash=sha256:{digest}\n")
    for name in [each for each in os.environ if each.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    return tmp_path / "requirements.lock"


def test_it_is_built_once_and_found_again(lock, tmp_path, monkeypatch):
    said: list[str] = []
    built = find_or_build_environment(lock, tmp_path / "environments", name="tiny", say=said.append)
    assert len(said) == 1
    assert (built.packages / "tiny_package.py").read_text() == "answer = 42\n"
    assert list(built.packages.glob("__pycache__/tiny_package.*.pyc"))
    assert built.packages.parent.name.startswith("tiny-")
    monkeypatch.setattr(environment, "_build", None)  # it is not called again
    assert find_or_build_environment(lock, tmp_path / "environments", name="tiny") == built


def test_the_newest_of_a_name_is_the_one_that_was_built_last(lock, tmp_path):
    folder = tmp_path / "environments"
    assert newest_environment("tiny", folder) is None
    first = find_or_build_environment(lock, folder, name="tiny")
    find_or_build_environment(lock, folder, name="tiny-er")
    os.utime(first.packages.parent / "manifest.json", (1, 1))
    assert newest_environment("tiny", folder) == first
    second = find_or_build_environment(lock.read_bytes() + b"# again\n", folder, name="tiny")
    assert newest_environment("tiny", folder) == second != first


def test_a_new_harness_gives_a_new_digest_and_builds_nothing(lock, tmp_path, monkeypatch):
    before = find_or_build_environment(lock, tmp_path / "environments", name="tiny")
    monkeypatch.setattr(environment, "_harness_digest", lambda: "another")
    after = find_or_build_environment(lock, tmp_path / "environments", name="tiny")
    assert after.digest != before.digest
    assert after.packages == before.packages


def test_another_hash_than_the_locked_one_is_refused_and_nothing_is_left(lock, tmp_path):
    lock.write_text(f"tiny-package==1.0 --hash=sha256:{'0' * 64}\n")
    with pytest.raises(SandboxUnavailableError, match="could not be built"):
        find_or_build_environment(lock, tmp_path / "environments", name="tiny")
    assert [each.name for each in (tmp_path / "environments").iterdir() if each.is_dir()] == []


def test_an_environment_whose_library_is_gone_is_built_again(lock, tmp_path):
    before = find_or_build_environment(lock, tmp_path / "environments", name="tiny")
    manifest = before.packages.parent / "manifest.json"
    plain = json.loads(manifest.read_text())
    manifest.write_text(json.dumps({**plain, "libraries": ["/lib/removed.so.1"]}))
    assert find_or_build_environment(lock, tmp_path / "environments", name="tiny") == before
    assert [each.name for each in (tmp_path / "environments").iterdir() if each.is_dir()] == [manifest.parent.name]


def test_two_that_ask_at_once_build_one(lock, tmp_path):
    said: list[str] = []
    threads = [
        threading.Thread(
            target=find_or_build_environment,
            args=(lock, tmp_path / "environments"),
            kwargs={"name": "tiny", "say": said.append},
        )
        for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(said) == 1


def test_where_environments_are_kept(monkeypatch, tmp_path):
    monkeypatch.setenv("FOMREPO_ENVIRONMENTS", str(tmp_path))
    assert default_environments_folder() == tmp_path
    monkeypatch.delenv("FOMREPO_ENVIRONMENTS")
    monkeypatch.setenv("XDG_DATA_HOME", "/data")
    monkeypatch.setattr(environment.os, "geteuid", lambda: 1000)
    assert default_environments_folder() == Path("/data/fomrepo/environments")
    monkeypatch.setattr(environment.os, "geteuid", lambda: 0)
    assert default_environments_folder() == Path("/var/lib/fomrepo/environments")


def test_the_interpreter_comes_with_all_that_the_linker_names():
    interpreter = find_interpreter()
    names = {each.name for each in interpreter.libraries}
    assert not interpreter.python.is_symlink()
    assert any(name.startswith("libc.so") for name in names)
    assert any(name.startswith("ld-linux") for name in names)
    assert any(name.startswith("libsqlite3.so") for name in names)
    assert "libgcc_s.so.1" in names


def test_a_file_that_is_no_program_has_no_libraries(tmp_path):
    (tmp_path / "x.so").write_text("text")
    assert shared_libraries((tmp_path / "x.so",), outside=()) == ()


def test_what_is_built_is_found_by_its_lock(lock, tmp_path):
    content = lock.read_bytes()
    assert find_environment(content, tmp_path / "environments", name="tiny") is None
    built = find_or_build_environment(content, tmp_path / "environments", name="tiny")
    assert find_environment(content, tmp_path / "environments", name="tiny") == built
    assert find_environment(content + b"# another\n", tmp_path / "environments", name="tiny") is None
    assert environment_digest(content) == built.digest
    assert (built.packages.parent / "requirements.lock").read_bytes() == content


def test_the_same_lock_gives_the_same_files(lock, tmp_path):
    def tree(folder: Path) -> dict[str, bytes]:
        return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}

    first, second = (find_or_build_environment(lock, tmp_path / name, name="tiny") for name in ("a", "b"))
    assert tree(first.packages) == tree(second.packages)
    assert first.digest == second.digest


HASH = f"--hash=sha256:{'0' * 64}"


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("numpy", "numpy"),
        ("numpy==2.0", "numpy==2.0"),
        (f"numpy>=2.0 {HASH}", "numpy>=2.0"),
        ("--index-url http://somewhere", "--index-url"),
        (f"numpy @ file:///etc/passwd {HASH}", "numpy @ file"),
        ("-r other.lock", "-r other.lock"),
        (f"--find-links /tmp numpy==2.0 {HASH}", "--find-links"),
        (f"numpy==2.0 {HASH} --global-option=x", "numpy==2.0"),
        (f"numpy==2.0 ; python_version > '3' --index-url=x {HASH} -e .", "numpy==2.0"),
        ("numpy==2.0 \\", "numpy==2.0"),
        ("# nothing", "nothing"),
    ],
)
def test_a_lock_that_says_more_than_packages_and_hashes_is_refused(line, said):
    good = f"# a comment\nnumpy==2.0 ; python_version >= '3.11' \\\n    {HASH} \\\n    {HASH}\n"
    assert check_lock(good.encode()) == good.encode()
    with pytest.raises(BundleRefusedError, match="of the lock says") as raised:
        check_lock(f"{line}\n".encode())
    assert said in raised.value.message
    assert "uv pip compile --generate-hashes" in str(raised.value.remedy)


def test_a_lock_that_is_no_lock_is_refused():
    for content in (b"\xff", b"x" * (LOCK_LIMIT_BYTES + 1), b""):
        with pytest.raises(BundleRefusedError):
            check_lock(content)
