"""The review desk: what reviewers read there, and how they sign in the page with a key that stays with them."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page
from starlette.testclient import TestClient

from fomrepo.client.keys import KeyFile, open_key
from fomrepo.model.statements import Approval, ReviewStatement
from tests.browser.conftest import PASSPHRASE, URL, Keys, World
from tests.browser.looking import log_in, opened
from tests.browser.submitted import in_review
from tests.browser.test_running import secret_of
from tests.count_bundle import CODE, write_bundle


@pytest.fixture
def rita(web: TestClient, world: World, keys: Keys) -> Iterator[TestClient]:
    """The pages, as rita sees them who reviews."""
    client = TestClient(web.app, base_url=URL, raise_server_exceptions=False)
    client.post("/login", data={"token": world.federation.token("rita")}, headers={"origin": URL})
    yield client
    client.close()


@pytest.fixture
def signing(page: Page, world: World, keys: Keys) -> Page:
    """A page of rita's browser, who is logged in."""
    page.goto("/login?onward=/reviews")
    log_in(page, world, "rita", "/reviews")
    return page


def pick(page: Page, key: KeyFile) -> None:
    page.wait_for_selector("#signing:not([hidden])")  # from then on the page hears which file was chosen
    page.set_input_files("#key", key.path)
    page.check("#read")


def shown(page: str) -> str:
    """Text of the differences that a page shows."""
    return html.unescape(re.sub(r"<[^>]*>", "", "".join(re.findall(r'<pre class="diff".*?</pre>', page, re.DOTALL))))


def test_a_submission_is_read_and_talked_about(rita: TestClient, world: World, tmp_path: Path) -> None:
    code = CODE.replace("\n", "\n    # <script>document.title = 1</script>\n", 1)
    address = f"/submissions/{in_review(world, write_bundle(tmp_path, 'count_talked', **{'count.py': code}))}"
    page = rita.get(address).text
    assert "<script>document" not in page
    assert "".join(f"+{line}\n" for line in code.splitlines()) in shown(page)
    form = {"secret": secret_of(page), "deed": "comment", "text": "Why <b>not</b>?"}
    assert rita.post(address, data=form | {"secret": "x"}, headers={"origin": URL}).status_code == 403
    assert rita.post(address, data=form, headers={"origin": "http://elsewhere"}).status_code == 403
    assert rita.post(address, data=form | {"deed": "publish"}, headers={"origin": URL}).status_code == 400
    assert "Why &lt;b&gt;not&lt;/b&gt;?" in rita.post(address, data=form, headers={"origin": URL}).text
    form |= {"deed": "reject", "text": "It counts <i>nothing</i>."}
    page = rita.post(address, data=form, headers={"origin": URL}).text
    assert "It counts &lt;i&gt;nothing&lt;/i&gt;." in page
    assert "sign.js" not in page  # there is nothing more to sign
    assert rita.post(address, data=form, headers={"origin": URL}).status_code == 409


def test_its_author_comments_and_neither_approves_nor_rejects(
    alice: TestClient, rita: TestClient, world: World, tmp_path: Path
) -> None:
    address = f"/submissions/{in_review(world, write_bundle(tmp_path, 'count_own'))}"
    page = alice.get(address).text
    assert "sign.js" not in page
    form = {"secret": secret_of(page), "deed": "reject", "text": "I changed my mind."}
    assert alice.post(address, data=form, headers={"origin": URL}).status_code == 403
    assert "count_own" in rita.get("/reviews").text
    assert "count_own" not in alice.get("/reviews").text


def test_no_line_of_a_file_passes_for_the_head_of_another(rita: TestClient, world: World, tmp_path: Path) -> None:
    code = CODE + "\n++ b/harmless.py\n@@ -1,1 +1,1 @@\n"
    page = rita.get(
        f"/submissions/{in_review(world, write_bundle(tmp_path, 'count_heads', **{'count.py': code}))}"
    ).text
    assert '<span class="new">+++ b/harmless.py</span>' in page
    assert '<span class="new">+@@ -1,1 +1,1 @@</span>' in page
    assert "<summary><b>harmless.py" not in page


def test_a_signature_that_does_not_hold_approves_nothing(
    rita: TestClient, world: World, keys: Keys, tmp_path: Path
) -> None:
    submission = in_review(world, write_bundle(tmp_path, "count_forged"))
    page = rita.get(f"/submissions/{submission}").text
    found = re.search(r'name="statement" value="([^"]+)"', page)
    assert found is not None
    statement = ReviewStatement.from_bytes(html.unescape(found[1]).encode())
    signer = open_key("bare")

    def sent(approval: Approval, **changed: str) -> int:
        form = {
            "secret": secret_of(page),
            "deed": "approve",
            "statement": approval.statement.to_bytes().decode(),
            "key": approval.key_id,
            "signature": approval.signature.hex(),
        }
        return rita.post(f"/submissions/{submission}", data=form | changed, headers={"origin": URL}).status_code

    honest = signer.approve(statement)
    assert sent(honest, signature="ff" * 64) == 400
    assert sent(honest, signature="none") == 400
    assert sent(honest, statement=" " + honest.statement.to_bytes().decode()) == 400
    assert sent(honest, key=keys.good.id) == 400
    assert sent(signer.approve(replace(statement, bundle_digest="0" * 64))) == 409
    assert sent(signer.approve(replace(statement, reviewer="alice"))) == 409
    assert sent(signer.approve(replace(statement, signed=statement.signed - 7 * 24 * 3600))) == 409
    assert sent(open_key("strange").approve(statement)) == 400
    with world.federation.connect("rita") as repo:
        assert repo.submissions.papers(submission).approvals == ()
    assert sent(honest) == 200


def test_a_reviewer_signs_in_the_page(signing: Page, world: World, keys: Keys, tmp_path: Path) -> None:
    submission = in_review(world, write_bundle(tmp_path, "count_signed"))
    sent: list[str] = []
    signing.on("request", lambda one: sent.append(one.post_data or ""))
    signing.goto("/reviews")
    signing.click("text=count_signed 1.0.0")
    assert signing.locator("#approval button").is_disabled()
    pick(signing, keys.strange)
    signing.click("#approval button")
    signing.wait_for_selector("text=has not accepted the key")
    pick(signing, keys.good)
    signing.fill("#passphrase", "another one")
    signing.click("#approval button")
    signing.wait_for_selector("text=This is not the passphrase of this key.")
    signing.fill("#passphrase", PASSPHRASE)
    with signing.expect_navigation():
        signing.click("#approval button")
    assert "Approved by rita" in signing.inner_text("main")
    with world.federation.connect("rita") as repo:
        papers = repo.submissions.papers(submission)
    assert [(one.statement.reviewer, one.key_id) for one in papers.approvals] == [("rita", keys.good.id)]
    everything = "".join(sent)
    assert "signature=" in everything
    assert "PRIVATE" not in everything
    assert PASSPHRASE.replace(" ", "+") not in everything


def test_without_a_way_to_sign_the_page_names_the_command(
    chromium: Browser, address: str, world: World, keys: Keys, tmp_path: Path
) -> None:
    submission = in_review(world, write_bundle(tmp_path, "count_told"))
    with opened(chromium, address, java_script_enabled=False) as page:
        page.goto(f"/login?onward=/submissions/{submission}")
        log_in(page, world, "rita", f"/submissions/{submission}")
        assert not page.is_visible("#key")
        assert page.is_visible(f"text=fomrepo review approve {submission} --digest")
