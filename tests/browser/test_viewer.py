"""A trajectory that plays in a real browser, and a result that comes without reloading."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, Route

from tests.browser.conftest import PATIENCE_MS, World
from tests.browser.looking import at_rest, changed, keep_picture, log_in, opened, picture_of
from tests.browser.served_pages import FLAGS

#: Of which a machine at rest needs less than one tenth.
pytestmark = pytest.mark.timeout(600)
#: Whether all figures are there, from addresses with a part.
DRAWN = """part => [...document.querySelectorAll("figure img")].every(
    (one) => one.complete && one.naturalWidth > 0 && one.currentSrc.includes(part)
)"""


def test_looks_change_plots_follow_and_it_plays(page: Page, world: World) -> None:
    held: list[Route] = []
    page.route("**/molstar.js", lambda route: held.append(route))
    with page.expect_request("**/molstar.js", timeout=PATIENCE_MS):
        page.goto(f"/records/{world.adk}")
    page.wait_for_selector("#viewer img", timeout=PATIENCE_MS)  # while the viewer is on its way
    for one in held:
        one.continue_()
    page.wait_for_selector("#moving[data-ready]")
    page.wait_for_selector("#moving[data-drawn='0']")
    assert page.query_selector("#viewer img") is None
    cartoon = at_rest(page, "#viewer")
    page.select_option(".look", "ball-and-stick")
    page.wait_for_selector("#moving[data-looks='ball-and-stick']")
    assert changed(page, "#viewer", cartoon, by=0.01)

    page.wait_for_function("document.querySelectorAll('.plot .u-over').length == 2")
    page.locator(".slider").fill("50")
    page.wait_for_function(
        "[...document.querySelectorAll('.plot')].every((one) => one.dataset.frame === '50')", timeout=PATIENCE_MS
    )
    cursors = page.eval_on_selector_all(".u-cursor-x", "all => all.map((one) => one.style.transform)")
    assert len({*cursors}) == 1
    assert "translate(0px" not in cursors[0]

    page.select_option(".speed", "24")
    page.click(".play")
    page.wait_for_selector(".play[aria-pressed='true']")
    page.wait_for_selector("#moving:not([data-frame='50'])")
    page.click(".play")
    page.wait_for_selector(".play[aria-pressed='false']")
    stopped = page.get_attribute("#moving", "data-frame")
    page.wait_for_timeout(300)
    assert page.get_attribute("#moving", "data-frame") == stopped


@pytest.fixture(scope="module")
def blind(chromium: Browser) -> Iterator[Browser]:
    """The same browser without WebGL."""
    browser = chromium.browser_type.launch(
        executable_path=shutil.which("chromium"), args=[*FLAGS, "--disable-3d-apis", "--disable-gpu"]
    )
    yield browser
    browser.close()


def test_without_webgl_there_is_a_still_picture_and_the_plots_go_on(blind: Browser, address: str, world: World) -> None:
    with opened(blind, address) as page:
        page.goto(f"/records/{world.adk}")
        page.wait_for_selector("#moving[data-ready]")
        assert page.evaluate("document.createElement('canvas').getContext('webgl2')") is None
        page.wait_for_function("document.querySelector('#viewer img').naturalWidth > 0")
        assert picture_of(page, "#viewer").reshape(-1, 3).std(axis=0).max() > 0.02
        assert "no WebGL" in page.inner_text(".moving .status")
        page.wait_for_selector(".plot .u-over")
        page.locator(".slider").fill("30")
        page.wait_for_selector(".plot[data-frame='30']")


def test_without_scripts_there_is_a_still_picture(chromium: Browser, address: str, world: World) -> None:
    until = time.monotonic() + PATIENCE_MS / 1000
    with opened(chromium, address, java_script_enabled=False) as page:
        page.goto(f"/records/{world.adk}")
        while picture_of(page, "#viewer").reshape(-1, 3).std(axis=0).max() < 0.02:
            assert time.monotonic() < until, "there is no still picture"
            page.goto(f"/records/{world.adk}")  # nobody asks again where there are no scripts, but who loads it anew
        assert "let this page run its scripts" in page.inner_text(".moving .status")


def test_progress_becomes_the_result_without_reloading(blind: Browser, address: str, world: World) -> None:
    with opened(blind, address, viewport={"width": 1280, "height": 1000}) as page:
        page.goto("/login")
        log_in(page, world, "alice")
        page.goto(f"/run/{world.adk}.v1/adk_dims.dcd/sasa")
        page.fill("[name=step]", "12")
        page.click("main form button")
        page.wait_for_selector("#progress[hx-get]")
        page.evaluate("window.never_left = true")
        page.wait_for_selector("#answer >> text=Download")
        assert page.evaluate("window.never_left")
        assert "Cancel" not in page.inner_text("#answer")
        page.wait_for_selector("#answer .plot .u-over")
        page.wait_for_selector("#moving[data-ready]")
        page.locator("#answer .plot .u-over").first.click(position={"x": 400, "y": 40})
        page.wait_for_selector("#moving:not([data-frame='0'])")
        assert page.get_attribute("#moving", "data-frame") == page.get_attribute("#answer .plot", "data-frame")
        page.eval_on_selector_all("figure img", "all => all.forEach((one) => { one.loading = 'eager'; })")
        page.wait_for_function(DRAWN, arg="/figures/")
        keep_picture(page, "result-wide-light")
        page.set_viewport_size({"width": 360, "height": 800})
        page.emulate_media(color_scheme="dark")
        page.wait_for_function("document.documentElement.scrollWidth <= 360")
        page.wait_for_function(DRAWN, arg="scheme=dark&narrow")
        keep_picture(page, "result-narrow-dark")


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (360, "dark")])
def test_a_page_of_a_method_fits_and_shows_its_example(
    chromium: Browser, address: str, width: int, scheme: str
) -> None:
    colours = {"color_scheme": scheme, "viewport": {"width": width, "height": 800}}
    with opened(chromium, address, **colours) as page:
        page.goto("/methods/rmsd")
        page.wait_for_selector("#example figure img")
        page.wait_for_function("document.querySelector('#example img').naturalWidth > 0")
        assert scheme in page.evaluate("document.querySelector('#example img').currentSrc") or scheme == "light"
        assert picture_of(page, "#example img").std() > 0.02
        assert page.locator("math msqrt").count() == 1
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        keep_picture(page, f"method-{'wide' if width > 400 else 'narrow'}-{scheme}")
