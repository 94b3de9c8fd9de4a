"""The doctor believes what it has tried, and says what to do."""

import time

import pytest

from fomrepo.errors import SandboxUnavailableError
from fomrepo.isolation import doctor
from fomrepo.isolation.doctor import Canary, detect_wall


def test_this_machine_holds_every_canary_in_a_second_or_two(bubblewrap):
    began = time.monotonic()
    verdict = detect_wall()
    assert verdict.level in ("FULL", "NO-CGROUP"), verdict.cause
    assert verdict.holds
    assert len(verdict.canaries) >= 24
    assert [each for each in verdict.canaries if not each.held] == []
    assert time.monotonic() - began < 20  # about half a second on an idle machine


@pytest.fixture
def as_ordinary_user(monkeypatch):
    """Let the verdict be made here, also where the tests are root's."""
    monkeypatch.setattr(doctor.os, "geteuid", lambda: 1000)


def test_one_canary_that_gets_out_refuses_all_methods(monkeypatch, as_ordinary_user):
    canaries = [Canary(f"c{number}", "", number != 7, "") for number in range(30)]
    monkeypatch.setattr(doctor, "_attempts", lambda: canaries)
    monkeypatch.setattr(doctor, "_bomb", lambda: ([], False))
    verdict = detect_wall()
    assert (verdict.level, verdict.holds) == ("REFUSE", False)
    assert verdict.cause == "the wall did not hold: c7"


def test_canaries_that_did_not_all_run_refuse_all_methods(monkeypatch, as_ordinary_user):
    monkeypatch.setattr(doctor, "_attempts", lambda: [Canary("c", "", True, "")] * 5)
    monkeypatch.setattr(doctor, "_bomb", lambda: ([], False))
    assert detect_wall().cause == "only 5 canaries answered"


@pytest.mark.parametrize(
    ("file", "value", "cause", "remedy"),
    [
        ("kernel/unprivileged_userns_clone", "0", "switch is off", "sysctl kernel.unprivileged_userns_clone=1"),
        ("kernel/apparmor_restrict_unprivileged_userns", "1", "AppArmor", "userns"),
        ("user/max_user_namespaces", "0", "number is zero", "sysctl user.max_user_namespaces=15000"),
    ],
)
def test_a_machine_that_refuses_namespaces_is_told_why(monkeypatch, as_ordinary_user, file, value, cause, remedy):
    def refuse() -> list[Canary]:
        raise SandboxUnavailableError("bwrap: No permissions to create new namespace", remedy="fomrepo doctor")

    monkeypatch.setattr(doctor, "_attempts", refuse)
    monkeypatch.setattr(doctor, "_setting", lambda name: value if name == f"/proc/sys/{file}" else None)
    verdict = detect_wall()
    assert verdict.level == "REFUSE"
    assert cause in verdict.cause
    assert remedy in (verdict.remedy or "")


def test_an_old_bubblewrap_is_told_from_a_machine_that_refuses(monkeypatch, as_ordinary_user):
    def refuse() -> list[Canary]:
        raise SandboxUnavailableError("the sandbox could not be made: bwrap: Unknown option --disable-userns")

    monkeypatch.setattr(doctor, "_attempts", refuse)
    monkeypatch.setattr(doctor, "_setting", lambda _: None)
    assert detect_wall().remedy == "install bubblewrap 0.8 or newer"


def test_an_unknown_refusal_is_told_as_it_came(monkeypatch, as_ordinary_user):
    def refuse() -> list[Canary]:
        raise SandboxUnavailableError("bubblewrap is not installed", remedy="apt install bubblewrap")

    monkeypatch.setattr(doctor, "_attempts", refuse)
    monkeypatch.setattr(doctor, "_setting", lambda _: None)
    verdict = detect_wall()
    assert (verdict.cause, verdict.remedy) == ("bubblewrap is not installed", "apt install bubblewrap")
