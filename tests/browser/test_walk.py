"""The walk that the pages are made for, in a real browser: from a search to numbers, and from a review to a call."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest
from playwright.sync_api import Page

from fomrepo.isolation.environment import default_environments_folder
from fomrepo.model.submissions import SubmissionState
from fomrepo.site.gate import find_or_build_samples
from tests.browser.conftest import PASSPHRASE, PATIENCE_MS, Keys, World
from tests.browser.looking import at_rest, changed, log_in
from tests.count_bundle import write_bundle

#: Two pictures of the viewer differ by at least so much, of 1, when the molecule has moved; noise is far below.
MOVED = 0.005


@pytest.mark.timeout(600)  # of which a machine at rest needs less than one tenth
def test_the_walk(page: Page, world: World, keys: Keys, tmp_path: Path) -> None:
    find_or_build_samples(default_environments_folder())
    with world.federation.connect("alice") as repo:
        submission = repo.submissions.submit(write_bundle(tmp_path, "count_walked")).id

    # 1. A visitor searches, and opens a record.
    page.goto("/")
    page.fill("#q", "adenylate")
    page.press("#q", "Enter")
    page.click("text=Adenylate kinase, closed to open")

    # 2. The viewer draws a molecule, not an empty canvas.
    page.wait_for_selector("#moving[data-ready]")
    page.wait_for_selector("#moving[data-drawn='0']")
    first = at_rest(page, "#viewer")
    assert first.reshape(-1, 3).std(axis=0).max() > 0.05

    # 3. A click on a point of a plot shows that frame.
    page.wait_for_selector(".plot .u-over")
    plot = page.locator(".plot .u-over").first
    box = plot.bounding_box()
    assert box is not None
    plot.click(position={"x": box["width"] * 0.8, "y": 40})
    page.wait_for_selector("#moving:not([data-drawn='0'])")
    assert 70 < int(page.get_attribute("#moving", "data-frame") or 0) < 90
    assert changed(page, "#viewer", first, by=MOVED)

    # 4. They log in on the way to a method, which leads back to its form, and run it.
    page.click("a[href$='/adk_dims.dcd/rmsd']")
    log_in(page, world, "alice", "/adk_dims.dcd/rmsd")
    page.fill("#select", "name CA")
    page.fill("[name=step]", "9")
    page.click("main form button")
    page.wait_for_selector("#answer >> text=Download")
    shown = page.request.get(page.url + "/line.json").json()["lines"][0]["y"]

    # 5. The Python that they copy gives the same numbers on their own machine.
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.click("#python ~ button.copy, button.copy:has(+ #python)")
    page.wait_for_selector("text=Copied")
    script = page.evaluate("navigator.clipboard.readText()")
    profile = world.profile("alice")
    done = subprocess.run(
        [sys.executable, "-c", f"{script}\nimport json\nprint(json.dumps(r.rmsd.tolist()))"],
        env={"FOMREPO_ADDRESS": profile.sites[0], "FOMREPO_TOKEN": profile.token, "FOMREPO_CA": str(profile.ca)},
        capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1]) == shown

    # 6. A reviewer reads a method that the gate let pass, and signs in the page.
    with world.federation.connect("alice") as repo:
        assert repo.submissions.checked(submission).state is SubmissionState.IN_REVIEW
    page.click("text=Log out")
    page.wait_for_selector("a[href='/login']")
    page.goto(f"/login?onward=/submissions/{submission}")
    log_in(page, world, "rita", f"/submissions/{submission}")
    assert "tests/adk.toml" in page.inner_text("main")
    page.wait_for_selector("#signing:not([hidden])")  # from then on the page hears which file was chosen
    page.set_input_files("#key", keys.good.path)
    page.fill("#passphrase", PASSPHRASE)
    page.check("#read")
    with page.expect_navigation():
        page.click("#approval button")
    assert page.inner_text(".badge") == "published"

    # 7. Now anybody can call it.
    until = time.monotonic() + PATIENCE_MS / 1000
    while "count_walked" not in page.request.get("/methods").text():
        assert time.monotonic() < until, "the method is not listed"
        page.wait_for_timeout(200)
    with world.federation.connect("bob") as repo:
        assert repo[world.adk]["adk_dims.dcd"].count_walked().n == 3341
