"""How a program waits for somebody who logs in elsewhere, and what it takes of what providers answer."""

from __future__ import annotations

from typing import Any

import pytest

from fomrepo.client import device_login
from fomrepo.client.device_login import DeviceCode, ask_for_code, wait_for_id_token
from fomrepo.errors import NetworkError, NotAuthenticatedError
from fomrepo.model.identities import Provider

PROVIDER = Provider("uni", "University", "https://uni.example", "pages", "devices")
CODE = DeviceCode("https://uni.example/device", "AB-CD", "", "code", "https://uni.example/token", 2.0, 600.0)
DOCUMENT = {
    "issuer": "https://uni.example",
    "token_endpoint": "https://uni.example/token",
    "device_authorization_endpoint": "https://uni.example/begin",
}
BEGUN = {"device_code": "code", "user_code": "AB-CD", "verification_uri": "https://uni.example/device"}


class Scripted:
    """A provider that answers what it is told, and a clock that moves when somebody waits."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *answers: Any) -> None:
        self.answers, self.waited, self.sent, self.now = list(answers), [], [], 0.0
        monkeypatch.setattr(device_login, "discovery_document", lambda _: DOCUMENT)
        monkeypatch.setattr(device_login, "send_form", self._answer)

    def wait(self) -> str:
        return wait_for_id_token(PROVIDER, CODE, sleep=self._sleep, clock=lambda: self.now)

    def _sleep(self, pause_s: float) -> None:
        self.waited.append(pause_s)
        self.now += pause_s

    def _answer(self, _: Provider, address: str, form: dict[str, str]) -> tuple[int, dict[str, Any]]:
        self.sent.append((address, form))
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return (400 if "error" in answer else 200), answer


def test_it_asks_as_seldom_as_it_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    pending, slower = {"error": "authorization_pending"}, {"error": "slow_down"}
    silence = NetworkError("it does not answer")
    script = Scripted(monkeypatch, pending, slower, pending, slower, silence, {"id_token": "word"})
    assert script.wait() == "word"
    assert script.waited == [2.0, 2.0, 7.0, 7.0, 12.0, 24.0]
    grant = {"grant_type": device_login.GRANT, "device_code": "code", "client_id": "devices"}
    assert script.sent[0] == ("https://uni.example/token", grant)


@pytest.mark.parametrize(
    ("answer", "kind", "said"),
    [
        ({"error": "access_denied"}, NotAuthenticatedError, "says that it was refused"),
        ({"error": "expired_token"}, NotAuthenticatedError, "nobody entered the code in time"),
        ({"error": "authorization_pending"}, NotAuthenticatedError, "nobody entered the code in time"),
        ({"error": "bad", "error_description": "\x1b[2Jgone"}, NetworkError, r"gives no ID token: bad  \[2Jgone"),
        ({"access_token": "t"}, NetworkError, "gives no ID token: 200"),
        (NetworkError("it does not answer"), NetworkError, "it does not answer"),
    ],
)
def test_waiting_has_an_end(monkeypatch: pytest.MonkeyPatch, answer: Any, kind: type[Exception], said: str) -> None:
    with pytest.raises(kind, match=said):
        Scripted(monkeypatch, answer).wait()


def test_a_code_is_shown_as_the_provider_gave_it(monkeypatch: pytest.MonkeyPatch) -> None:
    complete = "https://uni.example/device?code=AB-CD"
    Scripted(monkeypatch, BEGUN | {"verification_uri_complete": complete, "interval": 0, "expires_in": 1e9})
    assert ask_for_code(PROVIDER) == DeviceCode(
        "https://uni.example/device", "AB-CD", complete, "code", "https://uni.example/token", 1.0, 1800.0
    )


@pytest.mark.parametrize(
    "wrong",
    [
        {"user_code": "\x1b]0;x"},
        {"user_code": "A" * 41},
        {"device_code": None},
        {"verification_uri": "http://uni.example/device"},
        {"verification_uri_complete": "javascript:alert(1)"},
        {"error": "unauthorized_client"},
    ],
)
def test_what_nobody_should_see_is_not_shown(monkeypatch: pytest.MonkeyPatch, wrong: dict[str, Any]) -> None:
    Scripted(monkeypatch, BEGUN | wrong)
    with pytest.raises(NetworkError):
        ask_for_code(PROVIDER)


def test_a_provider_without_devices_is_not_asked() -> None:
    with pytest.raises(NotAuthenticatedError, match="logs nobody in on the command line"):
        ask_for_code(Provider("orcid", "ORCID", "https://orcid.org", "APP-1"))
