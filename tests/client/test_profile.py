"""Who is asked, and as whom."""

from __future__ import annotations

from pathlib import Path

import pytest

from fomrepo.client.profile import Profile, choose_profile, profile_path, read_profiles, write_profile
from fomrepo.errors import SettingsError
from tests.client.scripted_site import AUTHORITY

PEM = AUTHORITY.certificate.decode()


def test_a_profile_is_kept_for_its_owner_only() -> None:
    write_profile("default", Profile(("127.0.0.1:1", "127.0.0.1:2"), "fom_a", PEM))
    write_profile("other", Profile(("localhost:3",), "fom_b"))
    assert profile_path().stat().st_mode & 0o777 == 0o600
    assert read_profiles() == {
        "default": Profile(("127.0.0.1:1", "127.0.0.1:2"), "fom_a", PEM),
        "other": Profile(("localhost:3",), "fom_b", None),
    }
    assert [one.name for one in profile_path().parent.iterdir()] == ["config.toml"]


def test_a_profile_that_others_can_read_is_refused() -> None:
    write_profile("default", Profile(("127.0.0.1:1",), "fom_a"))
    profile_path().chmod(0o644)
    with pytest.raises(SettingsError, match="others can read it"):
        read_profiles()


def test_no_token_shows_in_a_repr() -> None:
    assert "fom_a" not in repr(Profile(("127.0.0.1:1",), "fom_a", PEM))


def test_arguments_go_before_environment_before_profile(monkeypatch: pytest.MonkeyPatch) -> None:
    write_profile("default", Profile(("profile:1",), "fom_profile", PEM))
    assert choose_profile(None, None, None, None) == Profile(("profile:1",), "fom_profile", PEM)
    assert choose_profile("given:1,given:2", None, None, None).sites == ("given:1", "given:2")
    monkeypatch.setenv("FOMREPO_ADDRESS", "environment:1")
    monkeypatch.setenv("FOMREPO_TOKEN", "fom_environment")
    assert choose_profile(None, None, None, None) == Profile(("environment:1",), "fom_environment", PEM)
    assert choose_profile("given:1", "fom_given", PEM, None) == Profile(("given:1",), "fom_given", PEM)


def test_a_kept_token_goes_only_to_sites_of_its_own_authority(tmp_path: Path) -> None:
    write_profile("default", Profile(("profile:1",), "fom_profile", PEM))
    with pytest.raises(SettingsError, match="no token"):
        choose_profile("elsewhere:1", None, PEM, None)


@pytest.mark.parametrize(
    ("address", "ca", "profile", "said"),
    [
        (None, None, None, "no site is known"),
        ("localhost", None, None, "is not the address of a site"),
        (",", None, None, "no address"),
        ("a:1", "/nowhere/ca.pem", None, "cannot be read"),
        (None, None, "absent", "there is no profile 'absent'"),
    ],
)
def test_what_is_missing_is_named(address: str | None, ca: str | None, profile: str | None, said: str) -> None:
    with pytest.raises(SettingsError, match=said) as caught:
        choose_profile(address, "fom_x", ca, profile)
    assert caught.value.remedy or "cannot be read" in said


@pytest.mark.parametrize("text", ["profiles = 3", "[profiles.default]\nsites = 3", "[profiles.default", "\udcff"])
def test_a_broken_profile_is_named(text: str) -> None:
    profile_path().parent.mkdir(parents=True)
    profile_path().write_bytes(text.encode("utf-8", "surrogateescape"))
    profile_path().chmod(0o600)
    with pytest.raises(SettingsError, match=r"config\.toml") as caught:
        choose_profile(None, None, None, None)
    assert f"mv {profile_path()} {profile_path()}.old" in (caught.value.remedy or "")


def test_a_file_without_a_certificate_is_no_authority(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("hello")
    with pytest.raises(SettingsError, match="holds no certificate"):
        choose_profile("a:1", "fom_x", tmp_path / "ca.pem", None)
