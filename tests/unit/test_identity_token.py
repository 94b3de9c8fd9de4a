"""What a site takes of a provider's word, and what it does not."""

from __future__ import annotations

import base64
import hmac
import json
from collections.abc import Callable
from typing import Any

import pytest
from joserfc import jws
from joserfc.jwk import ECKey, Key, OKPKey, RSAKey

from fomrepo.errors import NetworkError, NotAuthenticatedError
from fomrepo.model.identities import Provider
from fomrepo.site import identity_keys
from fomrepo.site.identity_keys import AGAIN_S, KEYS_S, ProviderKeys, fetch_keys
from fomrepo.site.identity_nonce import LOGIN_S, draw_nonce, is_our_nonce
from fomrepo.site.identity_settings import ProviderSettings
from fomrepo.site.identity_token import AGE_S, LEEWAY_S, TOKEN_LIMIT, verify

NOW = 1_800_000_000.0
PROVIDER = Provider("orcid", "ORCID", "https://orcid.org", "APP-1")
RSA, EC, OKP = RSAKey.generate_key(2048), ECKey.generate_key("P-256"), OKPKey.generate_key("Ed25519")
CLAIMS = {"iss": "https://orcid.org", "sub": "0000-0002-1825-0097", "aud": "APP-1", "iat": NOW, "exp": NOW + 600}


@pytest.fixture
def keys(monkeypatch: pytest.MonkeyPatch) -> ProviderKeys:
    """Keys of a provider that was asked already."""
    monkeypatch.setattr(identity_keys, "fetch_keys", lambda _: {"rsa": RSA, "ec": EC, "okp": OKP})
    return ProviderKeys(PROVIDER, lambda: 0.0)


def signed(claims: Any = CLAIMS, key: Key = RSA, **header: Any) -> str:
    head = {"alg": "RS256", "kid": "rsa"} | header
    return jws.serialize_compact(head, json.dumps(claims).encode(), key, algorithms=[head["alg"]])


def part(document: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(document).encode()).rstrip(b"=").decode()


def signed_with_the_public_key() -> str:
    """Sign as one whose verifier takes a public key for a shared secret."""
    text = f"{part({'alg': 'HS256', 'kid': 'rsa'})}.{part(CLAIMS)}"
    mac = hmac.digest(RSA.as_pem(private=False), text.encode(), "sha256")
    return f"{text}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"


def refusal(token: str, keys: ProviderKeys) -> str:
    with pytest.raises(NotAuthenticatedError) as caught:
        verify(token, keys, clients=("APP-1",), now=NOW)
    return caught.value.message.partition(": ")[2]


@pytest.mark.parametrize(
    ("key", "header"),
    [(RSA, {}), (RSA, {"alg": "PS256"}), (EC, {"alg": "ES256", "kid": "ec"}), (OKP, {"alg": "Ed25519", "kid": "okp"})],
)
def test_what_the_provider_signed_is_taken(keys: ProviderKeys, key: Key, header: dict[str, str]) -> None:
    found = verify(signed(CLAIMS | {"nonce": "n"}, key, **header), keys, clients=("APP-1",), now=NOW)
    assert (found.subject, found.nonce) == ("0000-0002-1825-0097", "n")


@pytest.mark.parametrize(
    ("claims", "why"),
    [
        ({"aud": "APP-2"}, "it is for somebody else"),
        ({"aud": ["APP-1", "APP-2"]}, "it is for somebody else"),
        ({"aud": []}, "it is for somebody else"),
        ({"azp": "APP-2"}, "it is for somebody else"),
        ({"iss": "https://orcid.org/"}, "it is of another issuer"),
        ({"iss": "https://evil.example"}, "it is of another issuer"),
        ({"exp": NOW - LEEWAY_S}, "it is over"),
        ({"iat": NOW - AGE_S - 1}, "it is over"),
        ({"iat": NOW + LEEWAY_S + 1}, "it is of the future; compare the clocks of the site and the provider"),
        ({"nbf": NOW + LEEWAY_S + 1}, "it is of the future; compare the clocks of the site and the provider"),
        ({"exp": None}, "it does not say when it was made and when it ends"),
        ({"exp": True}, "it does not say when it was made and when it ends"),
        ({"exp": 1e300}, "it does not say when it was made and when it ends"),
        ({"iat": "now"}, "it does not say when it was made and when it ends"),
        ({"sub": ""}, "it does not say who somebody is"),
        ({"sub": "x" * 256}, "it does not say who somebody is"),
        ({"sub": "a\x1bb"}, "it does not say who somebody is"),
        ({"sub": 7}, "it does not say who somebody is"),
        ({"nonce": ["n"]}, "its nonce is no text"),
    ],
)
def test_what_it_says_must_hold(keys: ProviderKeys, claims: dict[str, Any], why: str) -> None:
    assert refusal(signed(CLAIMS | claims), keys) == why


@pytest.mark.parametrize(
    ("forge", "why"),
    [
        (lambda: f"{part({'alg': 'none'})}.{part(CLAIMS)}.", "'none'"),
        (lambda: f"{part({'alg': 'None', 'kid': 'rsa'})}.{part(CLAIMS)}.", "'None'"),
        (lambda: signed_with_the_public_key(), "'HS256'"),
        (lambda: signed(key=RSAKey.generate_key(2048)), "its signature does not hold"),
        (lambda: signed(kid="another"), "its key is none of the provider's"),
        (lambda: signed(key=EC, alg="ES256"), "its signature does not hold"),  # an RSA key's id
        (lambda: signed()[:-8] + "AAAAAAAA", "its signature does not hold"),
        (lambda: signed([CLAIMS]), "it holds no claims"),
        (lambda: f"{part({'alg': 'RS256', 'kid': ['rsa']})}.{part(CLAIMS)}.AA", "none of the provider's"),
        (lambda: f"{part({'alg': ['RS256']})}.{part(CLAIMS)}.AA", "only public keys are believed"),
        (lambda: f"{part([])}.{part(CLAIMS)}.AA", "it is no signed token"),
        (lambda: "..", "it is no signed token"),
        (lambda: "a.b.ü", "it is no signed token"),
        (lambda: "a" * TOKEN_LIMIT + "..", "it is no signed token"),
    ],
)
def test_who_signed_must_be_the_provider(keys: ProviderKeys, forge: Callable[[], str], why: str) -> None:
    assert why in refusal(forge(), keys)


def test_a_key_in_the_token_is_not_believed(keys: ProviderKeys) -> None:
    own = ECKey.generate_key("P-256")
    header = {"alg": "ES256", "kid": "ec", "jwk": own.as_dict(private=False)}
    assert refusal(signed(key=own, **header), keys) == "its signature does not hold"
    assert refusal(signed(key=RSAKey.generate_key(2048), jku="https://evil.example/"), keys).endswith("does not hold")


def test_keys_are_asked_for_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[float] = []
    now, there = 0.0, {"rsa": RSA}

    def fetch(_: Provider) -> dict[str, Key]:
        asked.append(now)
        if not there:
            raise NetworkError("it does not answer")
        return dict(there)

    monkeypatch.setattr(identity_keys, "fetch_keys", fetch)
    keys = ProviderKeys(PROVIDER, lambda: now)
    assert [keys.find("rsa"), keys.find(None), keys.find("unknown")] == [RSA, RSA, None]
    now = AGAIN_S + 1
    assert keys.find("unknown") is None  # it may be new
    assert keys.find("unknown") is None  # but is not asked for all the time
    there.clear()
    now = KEYS_S + 2 * AGAIN_S + 2
    for _ in range(2):
        with pytest.raises(NetworkError, match="it does not answer"):
            keys.find("rsa")
    assert asked == [0.0, AGAIN_S + 1, now]


def test_only_keys_to_verify_with_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    short = {"kty": "RSA", "e": "AQAB", "n": base64.urlsafe_b64encode(b"\xc1" + bytes(126) + b"\x01").decode()}
    listed = [
        {**RSA.as_dict(private=False), "kid": "rsa"},
        {**EC.as_dict(private=False), "kid": "enc", "use": "enc"},
        {"kty": "oct", "k": "c2VjcmV0", "kid": "oct"},
        {**short, "kid": "short"},
        {"kty": "RSA", "kid": "broken"},
        {"kty": "new", "kid": "new"},
        "no key",
    ]
    answers = {
        "https://orcid.org/.well-known/openid-configuration": {
            "issuer": "https://orcid.org",
            "jwks_uri": "https://orcid.org/keys",
        },
        "https://orcid.org/keys": {"keys": listed},
    }
    monkeypatch.setattr("fomrepo.wire.providers.read_document", lambda _, address: answers[address])
    monkeypatch.setattr(identity_keys, "read_document", lambda _, address: answers[address])
    assert list(fetch_keys(PROVIDER)) == ["rsa"]
    listed.clear()
    with pytest.raises(NetworkError, match="holds no key"):
        fetch_keys(PROVIDER)
    for wrong in ("http://orcid.org/keys", "file:///etc/passwd", "https://user@orcid.org/", None):
        answers["https://orcid.org/.well-known/openid-configuration"]["jwks_uri"] = wrong
        with pytest.raises(NetworkError, match="names no jwks_uri that can be used"):
            fetch_keys(PROVIDER)
    answers["https://orcid.org/.well-known/openid-configuration"]["issuer"] = "https://evil.example"
    with pytest.raises(NetworkError, match=r"is the document of 'https://evil\.example'"):
        fetch_keys(PROVIDER)


def test_a_nonce_is_known_again_for_a_while() -> None:
    nonce = draw_nonce(b"secret", "https://orcid.org", NOW)
    assert is_our_nonce(b"secret", "https://orcid.org", nonce, NOW + LOGIN_S)
    assert not is_our_nonce(b"secret", "https://orcid.org", nonce, NOW + LOGIN_S + 1)
    assert not is_our_nonce(b"another", "https://orcid.org", nonce, NOW)
    assert not is_our_nonce(b"secret", "https://accounts.example", nonce, NOW)
    for wrong in ("", "n", "ü", nonce[:-2], nonce + "AA", "B" + nonce[1:], nonce * 2):
        assert not is_our_nonce(b"secret", "https://orcid.org", wrong, NOW), wrong


@pytest.mark.parametrize(
    "wrong",
    [
        {"issuer": "http://orcid.org"},
        {"issuer": "http://127.0.0.1:80"},
        {"issuer": "http://evil.example", "loopback_http": True},
        {"issuer": "https://orcid.org/ x"},
        {"issuer": "https://"},
        {"issuer": "https://orcid.org:x"},
        {"scopes": "email"},
        {"name": "../x"},
        {"client_id": ""},
        {"client_secret": "x"},
    ],
)
def test_a_provider_is_asked_over_https_alone(wrong: dict[str, Any]) -> None:
    right = {"name": "orcid", "issuer": "https://orcid.org", "client_id": "APP-1"}
    assert ProviderSettings(**right).provider == Provider("orcid", "orcid", "https://orcid.org", "APP-1")
    with pytest.raises(ValueError, match="validation error"):
        ProviderSettings(**right | wrong)
