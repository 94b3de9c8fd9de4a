"""Logging in by an identity provider, at a real one: in the pages, on the command line, and by those who cheat."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from starlette.testclient import TestClient
from typer.testing import CliRunner

import fomrepo
from fomrepo.browser.application import browser_application
from fomrepo.cli import app
from fomrepo.client import device_login
from fomrepo.client.connection import Connection
from fomrepo.client.identity import Identities, LoggedIn
from fomrepo.client.profile import Profile, authority_text
from fomrepo.errors import ConflictError, NotAuthenticatedError, NotFoundError
from fomrepo.model.identities import Provider
from fomrepo.site.administration import open_administration
from fomrepo.testing import LocalFederation
from tests.components import missing
from tests.identity_provider import DEVICES, PAGES, IdentityProvider, running_provider

URL = "http://testserver"


@dataclass(frozen=True, slots=True)
class World:
    """A federation whose site trusts a provider, and pages over it."""

    federation: LocalFederation
    provider: IdentityProvider
    pages: TestClient
    #: The setting that names the provider, as an operator's commands find it.
    setting: dict[str, str]

    def profile(self, token: str) -> Profile:
        return Profile((self.federation["site-a"].address,), token, authority_text(self.federation.ca))

    @contextmanager
    def identities(self, user: str | None = None) -> Iterator[Identities]:
        """What a user may ask of it, or somebody without a token."""
        connection = Connection(self.profile("" if user is None else self.federation.token(user)))
        yield Identities(connection)
        connection.close()

    def person(self, name: str, *, linked: bool = True) -> str:
        """Make an account, and somebody at the provider; gives their subject."""
        subject = self.provider.add_user(name)
        self.federation.token(name)
        if linked:
            with open_administration(self.federation.home) as administration:
                administration.catalog.identities.link(name, self.provider.issuer, subject)
        return subject

    def browser(self) -> TestClient:
        """A browser without cookies."""
        return TestClient(self.pages.app, base_url=URL, raise_server_exceptions=False, follow_redirects=False)

    def labels(self, name: str) -> list[tuple[str, bool]]:
        """Tokens of somebody by what they are for, and whether they are good."""
        with open_administration(self.federation.home) as administration:
            return [(one.label, one.revoked is None) for one in administration.catalog.people.tokens(name)]

    def command(self, folder: Path, *words: str, **more: str) -> str:
        variables = {"FOMREPO_CONFIG": str(folder / "config.toml"), "FOMREPO_HOME": str(self.federation.home)}
        empty = dict.fromkeys(("FOMREPO_ADDRESS", "FOMREPO_TOKEN", "FOMREPO_CA", "FOMREPO_PROFILE"), "")
        done = CliRunner().invoke(app, words, env=empty | variables | self.setting | more)
        assert done.exit_code == 0, done.stderr
        return done.stdout


@pytest.fixture(scope="module")
def world(bubblewrap: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    programs = Path(".venv/glewlwyd/usr").absolute()
    if not (programs / "bin/glewlwyd").exists():
        missing("there is no identity provider", "script/bootstrap --test")
    with running_provider(programs, tmp_path_factory.mktemp("provider"), URL) as provider:
        entry = {"name": "uni", "title": "Test University", "issuer": provider.issuer, "client_id": PAGES}
        setting = {"FOMREPO_SITE_PROVIDERS": json.dumps([entry | {"device_client_id": DEVICES, "loopback_http": True}])}
        with LocalFederation(tmp_path_factory.mktemp("identity"), ("site-a",), variables=setting) as federation:
            address = federation["site-a"].address
            visitor = Profile((address,), federation.token("visitor"), authority_text(federation.ca))
            with TestClient(browser_application(visitor, url=URL), base_url=URL) as pages:
                yield World(federation, provider, pages, setting)


def begin(world: World, browser: TestClient, address: str = "/login/with/uni?onward=/search") -> str:
    """Begin a login in a browser; gives where it is sent."""
    answer = browser.get(address)
    assert answer.status_code == 303, answer.text
    return answer.headers["location"]


def back(world: World, user: str, address: str) -> str:
    """Let somebody log in at the provider; gives where it sends the browser back to."""
    found = world.provider.follow(user, address)
    assert found.startswith(f"{URL}/login/callback?"), found
    return found


def refused(browser: TestClient, address: str) -> str:
    """Come back to the pages with something that is not taken; gives what they say."""
    answer = browser.get(address)
    assert answer.status_code == 403
    assert "fomrepo-session" not in browser.cookies
    return answer.text


# --- the pages --------------------------------------------------------------------------------------------------------


def test_somebody_logs_in_to_the_pages_and_out(world: World) -> None:
    world.person("ada")
    browser = world.browser()
    assert 'href="/login/with/uni?onward=/desk"' in browser.get("/login?onward=//evil.example").text
    address = begin(world, browser)
    asked = parse_qs(urlsplit(address).query)
    assert (asked["client_id"], asked["code_challenge_method"]) == ([PAGES], ["S256"])
    answer = browser.get(back(world, "ada", address))
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
    assert "You are ada" in answer.text
    assert '<meta http-equiv="refresh" content="0; url=/search">' in answer.text
    assert "samesite=strict" in answer.headers["set-cookie"].lower()
    desk = browser.get("/desk").text
    assert "Desk of ada" in desk
    assert world.labels("ada")[-1] == ("127.0.0.1, browser", True)
    secret = desk.partition('name="secret" value="')[2].partition('"')[0]
    assert browser.post("/logout", data={"secret": secret}, headers={"origin": URL}).status_code == 303
    assert world.labels("ada")[-1] == ("127.0.0.1, browser", False)
    assert browser.get("/desk").status_code == 303


def test_an_answer_is_for_the_browser_that_asked_and_taken_once(world: World) -> None:
    world.person("bob")
    browser, thief = world.browser(), world.browser()
    answer = back(world, "bob", begin(world, browser))
    assert "no login is under way" in refused(thief, answer)
    own = back(world, "bob", begin(world, thief))  # somebody is lured to an answer of another login
    assert "of another login" in refused(browser, own)
    assert "no login is under way" in refused(browser, answer)  # which ends the one that was under way
    again = back(world, "bob", begin(world, browser))
    assert "You are bob" in browser.get(again).text
    browser.cookies.delete("fomrepo-session")
    assert "no login is under way" in refused(browser, again)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"state": ""}, "of another login"),
        ({"code": "another"}, "Test University refuses: invalid_"),
        ({"code": ""}, "sent no code"),
        ({"iss": "https://evil.example"}, "of another provider"),
        ({"error": "access_denied<b>"}, "let nobody in: access_denied&lt;b&gt;"),
    ],
)
def test_what_comes_back_must_be_of_the_login(world: World, changed: dict[str, str], said: str) -> None:
    browser = world.browser()
    state = parse_qs(urlsplit(begin(world, browser)).query)["state"][0]
    query = "&".join(f"{name}={value}" for name, value in ({"state": state, "code": "c"} | changed).items())
    assert said in refused(browser, f"/login/callback?{query}")


def test_a_login_begins_on_a_page_of_ours(world: World) -> None:
    headers = {"sec-fetch-site": "cross-site"}
    assert world.browser().get("/login/with/uni", headers=headers).status_code == 403
    assert world.browser().get("/login/with/another").status_code == 400
    assert world.browser().get("/identities/link/uni").status_code == 401


def test_somebody_who_is_logged_in_links_who_they_are(world: World) -> None:
    subject = world.person("carl", linked=False)
    browser = world.browser()
    told = refused(browser, back(world, "carl", begin(world, browser)))
    assert f"fomrepo user link YOU --issuer {world.provider.issuer} --subject {subject}" in told
    browser.post("/login", data={"token": world.federation.token("carl")}, headers={"origin": URL})
    assert "With tokens alone so far" in browser.get("/identities").text
    done = browser.get(back(world, "carl", begin(world, browser, "/identities/link/uni")))
    assert "Test University logs in carl from now on" in done.text
    page = browser.get("/identities").text
    assert subject in page
    another = world.browser()
    assert "You are carl" in another.get(back(world, "carl", begin(world, another))).text
    form = {"issuer": world.provider.issuer, "subject": subject, "secret": "x"}
    assert browser.post("/identities", data=form, headers={"origin": URL}).status_code == 403
    form["secret"] = page.partition('name="secret" value="')[2].partition('"')[0]
    assert browser.post("/identities", data=form, headers={"origin": URL}).status_code == 303
    assert "With tokens alone so far" in browser.get("/identities").text
    assert another.get("/desk").status_code == 401  # its token went with the identity
    last = world.browser()
    assert "no account here is linked" in refused(last, back(world, "carl", begin(world, last)))


# --- the site itself, whoever asks it ---------------------------------------------------------------------------------


def test_a_site_gives_a_token_for_a_providers_word_once(world: World) -> None:
    world.person("dora")
    with world.identities() as anybody:
        provider = anybody.provider("uni")
        nonce = anybody.begin(provider)
        word = world.provider.id_token("dora", nonce=nonce)
        given = anybody.finish(provider, word, nonce)
        assert (given.user, given.expires - time.time() > 11 * 3600) == ("dora", True)
        with pytest.raises(NotAuthenticatedError, match="used before"):
            anybody.finish(provider, word, nonce)
        with pytest.raises(NotAuthenticatedError, match="used before"):  # nor another word for the same nonce
            anybody.finish(provider, world.provider.id_token("dora", nonce=nonce), nonce)
        with pytest.raises(NotFoundError, match="knows no provider 'orcid'"):
            anybody.provider("orcid")


@pytest.mark.parametrize(
    ("forge", "why"),
    [
        (lambda p, claims: p.sign(claims | {"aud": "others"}), "for somebody else"),
        (lambda p, claims: p.sign(claims | {"aud": DEVICES, "azp": DEVICES}), "for somebody else"),
        (lambda p, claims: p.sign(claims | {"iss": "https://evil.example"}), "of another issuer"),
        (lambda p, claims: p.sign(claims | {"exp": claims["iat"] - 3600}), "it is over"),
        (lambda p, claims: p.sign({k: v for k, v in claims.items() if k != "nonce"}), "of another login"),
        (lambda p, claims: p.sign(claims | {"nonce": "another"}), "of another login"),
        (lambda p, claims: p.sign(claims, type(p.key).generate_key(2048)), "signature does not hold"),
    ],
)
def test_a_site_takes_no_other_word(
    world: World, forge: Callable[[IdentityProvider, dict[str, object]], str], why: str
) -> None:
    with world.identities() as anybody:
        provider = anybody.provider("uni")
        nonce = anybody.begin(provider)
        claims = {"iss": provider.issuer, "sub": "s", "aud": PAGES, "nonce": nonce, "iat": int(time.time())}
        whole = claims | {"exp": claims["iat"] + 600}
        with pytest.raises(NotFoundError):  # but for what is forged, it would be taken
            anybody.finish(provider, world.provider.sign(whole), nonce)
        with pytest.raises(NotAuthenticatedError, match=why):
            anybody.finish(provider, forge(world.provider, whole), nonce)


def test_a_nonce_is_of_a_site(world: World) -> None:
    world.person("emmy")
    with world.identities() as anybody:
        provider = anybody.provider("uni")
        with pytest.raises(NotAuthenticatedError, match="not begun here"):
            anybody.finish(provider, world.provider.id_token("emmy", nonce="mine"), "mine")


def test_an_identity_has_one_account(world: World) -> None:
    subject = world.person("fritz")
    with world.identities("hanna") as hanna:
        provider = hanna.provider("uni")
        nonce = hanna.begin(provider)
        with pytest.raises(ConflictError, match="linked to another account"):
            hanna.link(provider, world.provider.id_token("fritz", nonce=nonce), nonce)
        with pytest.raises(NotFoundError):
            hanna.unlink(provider.issuer, subject)
        assert hanna.own() == ()
        assert not hanna.end()  # her token is the operator's, and stays
    with world.identities() as anybody, pytest.raises(NotAuthenticatedError):
        anybody.own()


def test_an_operator_links_and_unlinks(world: World, tmp_path: Path) -> None:
    subject = world.person("iris", linked=False)
    identity = ("--issuer", world.provider.issuer, "--subject", subject)
    world.command(tmp_path, "user", "link", "iris", *identity)
    listed = json.loads(world.command(tmp_path, "user", "identities", "iris", "--json"))
    assert (listed["user"], listed["subject"]) == ("iris", subject)
    given = logged_in(world, "iris")
    with fomrepo.connect(world.federation["site-a"].address, token=given.token, ca=str(world.federation.ca)) as repo:
        assert [one.subject for one in repo.identities.own()] == [subject]
        world.command(tmp_path, "user", "unlink", *identity)
        with pytest.raises(NotAuthenticatedError):
            repo.whoami()
    with pytest.raises(NotFoundError):
        logged_in(world, "iris")
    log = world.command(tmp_path, "audit", "list", "--json")
    actions = [entry["action"] for entry in map(json.loads, log.splitlines()) if entry["subject"] == "iris"]
    assert actions[-3:] == ["identity linked", "token made", "identity unlinked"]


def logged_in(world: World, user: str) -> LoggedIn:
    with world.identities() as anybody:
        provider = anybody.provider("uni")
        nonce = anybody.begin(provider)
        return anybody.finish(provider, world.provider.id_token(user, nonce=nonce), nonce)


# --- the command line -------------------------------------------------------------------------------------------------


@pytest.fixture
def entering(world: World, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Let somebody enter each code as soon as it is shown."""
    asked = device_login.ask_for_code

    def enter(user: str) -> None:
        def ask(provider: Provider) -> device_login.DeviceCode:
            code = asked(provider)
            world.provider.enter_code(user, code.user_code)
            return code

        monkeypatch.setattr(device_login, "ask_for_code", ask)

    return enter


def test_somebody_logs_in_on_the_command_line_and_out(
    world: World, tmp_path: Path, entering: Callable[[str], None]
) -> None:
    world.person("jan", linked=False)
    address, ca = world.federation["site-a"].address, str(world.federation.ca)
    entering("jan")
    CliRunner().invoke(
        app, ["login", address, "--ca", ca], input=world.federation.token("jan") + "\n",
        env={"FOMREPO_CONFIG": str(tmp_path / "config.toml")},
    )  # fmt: skip
    assert json.loads(world.command(tmp_path, "login", "--link", "--provider", "uni", "--json"))["user"] == "jan"
    done = json.loads(world.command(tmp_path, "login", address, "--ca", ca, "--provider", "uni", "--json"))
    assert (done["user"], done["expires"] > time.time()) == ("jan", True)
    assert world.labels("jan")[-1] == ("127.0.0.1, command line", True)
    assert json.loads(world.command(tmp_path, "profile", "show", "--json"))["token"] is not None
    assert json.loads(world.command(tmp_path, "logout", "--json"))["ended"]
    assert world.labels("jan")[-1] == ("127.0.0.1, command line", False)
    assert world.command(tmp_path, "profile", "show", "--json") == ""


def test_a_word_for_programs_is_for_programs(world: World) -> None:
    world.person("kurt")
    with world.identities() as anybody:
        provider = anybody.provider("uni")
        code, nonce = device_login.ask_for_code(provider), anybody.begin(provider)
        world.provider.enter_code("kurt", code.user_code)
        word = device_login.wait_for_id_token(provider, code)
        assert anybody.finish(provider, word, nonce, from_device=True).user == "kurt"
        with pytest.raises(NotAuthenticatedError, match="used before"):  # also where it has no nonce
            anybody.finish(provider, word, anybody.begin(provider), from_device=True)
        with pytest.raises(NotAuthenticatedError, match="for somebody else"):
            anybody.finish(provider, word, anybody.begin(provider))
        pages = world.provider.id_token("kurt", nonce=nonce)
        with pytest.raises(NotAuthenticatedError, match="for somebody else"):
            anybody.finish(provider, pages, nonce, from_device=True)


def test_an_operator_sees_which_provider_does_not_answer(world: World, tmp_path: Path) -> None:
    assert "fault" not in world.command(tmp_path, "site", "status", "--json")
    silent = {"name": "silent", "issuer": "http://127.0.0.1:1", "client_id": "x", "loopback_http": True}
    setting = {"FOMREPO_SITE_PROVIDERS": json.dumps([silent])}
    told = json.loads(world.command(tmp_path, "site", "status", "--json", **setting).splitlines()[-1])
    assert told["provider"] == "silent"
    assert "http://127.0.0.1:1/.well-known/openid-configuration does not answer" in told["fault"]
