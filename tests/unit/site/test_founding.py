"""Making homes of sites: all or nothing, and one name for one site."""

from __future__ import annotations

import fcntl
from pathlib import Path

import pytest

from fomrepo.errors import ConflictError, SettingsError
from fomrepo.site.founding import init_site
from fomrepo.site.serve import _only_one


def test_what_fails_leaves_nothing(tmp_path: Path) -> None:
    for wrong in (
        {"address": "nonsense"},
        {"slots": -5},
        {"slots": 0},
        {"catalog": "oracle://x"},
        {"address": "127.0.0.1:99999"},
    ):
        with pytest.raises(SettingsError):
            init_site(tmp_path / "home", name="site-a", **wrong)  # type: ignore[arg-type]  # one of several keywords
        assert not (tmp_path / "home").exists()
    init_site(tmp_path / "home", name="site-a")


def test_what_was_there_stays(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(SettingsError):
        init_site(tmp_path, name="site-a", catalog="oracle://x")
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_what_a_kill_left_is_made_anew(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    (tmp_path / ".being-made").write_text('["mine.txt"]')
    (tmp_path / "secrets").mkdir()
    for half in ("secrets/authority.key", "site.new"):
        (tmp_path / half).write_text("half")
    with pytest.raises(SettingsError):
        init_site(tmp_path, name="site-a", catalog="oracle://x")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mine.txt"]
    (tmp_path / ".being-made").write_text('["mine.txt"]')
    (tmp_path / "catalog").mkdir()
    home = init_site(tmp_path, name="site-a")
    assert home.read_settings().name == "site-a"
    assert not (tmp_path / ".being-made").exists()
    assert (tmp_path / "mine.txt").read_text() == "mine"


def test_a_home_is_made_by_one_command(tmp_path: Path) -> None:
    (tmp_path / "secrets").mkdir()
    with (tmp_path / ".being-made").open("w") as note:
        note.write("[]")
        note.flush()
        fcntl.flock(note, fcntl.LOCK_EX)
        with pytest.raises(ConflictError, match="another command"):
            init_site(tmp_path, name="site-a")
    assert (tmp_path / "secrets").exists()


@pytest.mark.parametrize("host", ["0.0.0.0", "[::]"])
def test_an_address_that_nobody_can_call_is_refused(tmp_path: Path, host: str) -> None:
    with pytest.raises(SettingsError, match="nobody can call"):
        init_site(tmp_path / "home", name="site-a", address=f"{host}:7411")


def test_a_name_is_taken_once(tmp_path: Path) -> None:
    init_site(tmp_path / "a", name="site-a")
    init_site(tmp_path / "b", name="site-b", join=tmp_path / "a")
    with pytest.raises(ConflictError, match="another site named 'site-b'"):
        init_site(tmp_path / "c", name="site-b", join=tmp_path / "a")
    assert not (tmp_path / "c").exists()


def test_sites_of_a_federation_share_no_port(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("random.sample", lambda ports, count: ports[:count])  # nobody listens at what others were given
    homes = [init_site(tmp_path / "a", name="site-a"), init_site(tmp_path / "b", name="site-b", join=tmp_path / "a")]
    settings = [home.read_settings() for home in homes]
    assert len({address for one in settings for address in (one.address, one.peer_address)}) == 4


def test_nobody_else_may_list_what_is_kept(tmp_path: Path) -> None:
    home = init_site(tmp_path / "a", name="site-a")
    for folder in (home.vault, home.cache, home.bundles, home.folder / "catalog", home.secrets):
        assert folder.stat().st_mode & 0o077 == 0, folder


def test_a_home_is_served_once(tmp_path: Path) -> None:
    home = init_site(tmp_path / "a", name="site-a")
    with _only_one(home), pytest.raises(ConflictError, match="runs already"), _only_one(home):
        pytest.fail("it runs twice")
    with _only_one(home):
        pass


def test_what_is_wrong_in_a_home_is_named_with_what_to_do(tmp_path: Path) -> None:
    home = init_site(tmp_path / "a", name="site-a")
    said = home.settings_file.read_text()
    for line, remedy in (
        ("sluts = 3", "did you mean slots?"),
        ("moon = 1", "take moon out"),
        ("slots = 0", "mend slots"),
    ):
        home.settings_file.write_text(f"{said}\n{line}\n")
        with pytest.raises(SettingsError) as caught:
            home.read_settings()
        assert remedy in (caught.value.remedy or "")
    with pytest.raises(SettingsError) as caught:
        home.read_secret("gone.key")
    assert "backup" in (caught.value.remedy or "")
