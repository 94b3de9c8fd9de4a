"""A trajectory that plays in a real browser, and a result that comes without reloading."""

from __future__ import annotations

import io
import shutil
from collections.abc import Iterator

import numpy as np
import pytest
from matplotlib.image import imread
from playwright.sync_api import Browser, Page

from tests.browser.conftest import PATIENCE_MS, PICTURES, World
from tests.browser.served_pages import FLAGS


def picture_of(page: Page, selector: str) -> np.ndarray:
    """What is seen of an element, shape (row, column, 3), between 0 and 1."""
    return imread(io.BytesIO(page.locator(selector).screenshot()), format="png")[..., :3]


def at_rest(page: Page, selector: str) -> np.ndarray:
    """What is seen of an element when two looks half a second apart see the same."""
    seen = picture_of(page, selector)
    for _ in range(PATIENCE_MS // 500):
        page.wait_for_timeout(500)
        before, seen = seen, picture_of(page, selector)
        if np.array_equal(before, seen) and seen.std() > 0.01:
            break
    return seen


def changed(page: Page, selector: str, before: np.ndarray) -> float:
    """By how much an element looks other than `before`, once it comes to rest: a slow machine draws late."""
    for _ in range(PATIENCE_MS // 500):
        if (difference := float(np.abs(at_rest(page, selector) - before).mean())) > 0.01:
            break
        page.wait_for_timeout(500)
    return difference


def log_in(page: Page, world: World) -> None:
    page.goto("/login")
    page.fill("#token", world.federation.token("alice"))
    page.click("main form button")
    page.wait_for_url("**/desk")


def test_looks_change_plots_follow_and_it_plays(page: Page, world: World) -> None:
    page.goto(f"/records/{world.adk}")
    page.wait_for_selector("#moving[data-ready]", timeout=PATIENCE_MS)
    page.wait_for_selector("#moving[data-drawn='0']", timeout=PATIENCE_MS)
    cartoon = at_rest(page, "#viewer")
    page.select_option(".look", "ball-and-stick")
    page.wait_for_selector("#moving[data-looks='ball-and-stick']", timeout=PATIENCE_MS)
    assert changed(page, "#viewer", cartoon) > 0.01

    page.wait_for_function("document.querySelectorAll('.plot .u-over').length == 2", timeout=PATIENCE_MS)
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
    page.wait_for_selector("#moving:not([data-frame='50'])", timeout=PATIENCE_MS)
    page.click(".play")
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
    page = blind.new_page(base_url=address)
    page.goto(f"/records/{world.adk}")
    page.wait_for_selector("#moving[data-ready]", timeout=PATIENCE_MS)
    assert page.evaluate("document.createElement('canvas').getContext('webgl2')") is None
    page.wait_for_function("document.querySelector('#viewer img').naturalWidth > 0", timeout=PATIENCE_MS)
    assert picture_of(page, "#viewer").reshape(-1, 3).std(axis=0).max() > 0.02
    assert "no WebGL" in page.inner_text(".moving .status")
    page.wait_for_selector(".plot .u-over", timeout=PATIENCE_MS)
    page.locator(".slider").fill("30")
    page.wait_for_selector(".plot[data-frame='30']", timeout=PATIENCE_MS)
    page.close()


def test_without_scripts_there_is_a_still_picture(chromium: Browser, address: str, world: World) -> None:
    context = chromium.new_context(base_url=address, java_script_enabled=False)
    page = context.new_page()
    for _ in range(6):  # nobody asks again where there are no scripts, but who loads the page anew
        page.goto(f"/records/{world.adk}")
        if (seen := picture_of(page, "#viewer").reshape(-1, 3).std(axis=0).max()) > 0.02:
            break
    assert seen > 0.02
    assert "let this page run its scripts" in page.inner_text(".moving .status")
    context.close()


def test_progress_becomes_the_result_without_reloading(blind: Browser, address: str, world: World) -> None:
    page = blind.new_page(base_url=address, viewport={"width": 1280, "height": 1000})
    log_in(page, world)
    page.goto(f"/run/{world.adk}.v1/adk_dims.dcd/sasa")
    page.fill("[name=step]", "12")
    page.click("main form button")
    page.wait_for_selector("#progress[hx-get]")
    page.evaluate("window.never_left = true")
    page.wait_for_selector("#answer >> text=Download", timeout=PATIENCE_MS)
    assert page.evaluate("window.never_left")
    assert "Cancel" not in page.inner_text("#answer")
    page.wait_for_selector("#answer .plot .u-over", timeout=PATIENCE_MS)
    page.wait_for_selector("#moving[data-ready]", timeout=PATIENCE_MS)
    page.locator("#answer .plot .u-over").first.click(position={"x": 400, "y": 40})
    page.wait_for_selector("#moving:not([data-frame='0'])", timeout=PATIENCE_MS)
    assert page.get_attribute("#moving", "data-frame") == page.get_attribute("#answer .plot", "data-frame")
    PICTURES.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=PICTURES / "result-wide-light.png", full_page=True)
    page.set_viewport_size({"width": 360, "height": 800})
    page.emulate_media(color_scheme="dark")
    page.wait_for_timeout(300)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    page.screenshot(path=PICTURES / "result-narrow-dark.png", full_page=True)
    page.close()


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (360, "dark")])
def test_a_page_of_a_method_fits_and_shows_its_example(
    chromium: Browser, address: str, width: int, scheme: str
) -> None:
    context = chromium.new_context(
        base_url=address, viewport={"width": width, "height": 800}, color_scheme="dark" if scheme == "dark" else "light"
    )
    page = context.new_page()
    page.goto("/methods/rmsd")
    page.wait_for_selector("#example figure img", timeout=PATIENCE_MS)
    page.wait_for_function("document.querySelector('#example img').naturalWidth > 0", timeout=PATIENCE_MS)
    assert scheme in page.evaluate("document.querySelector('#example img').currentSrc") or scheme == "light"
    assert picture_of(page, "#example img").std() > 0.02
    assert page.locator("math msqrt").count() == 1
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    PICTURES.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=PICTURES / f"method-{'wide' if width > 400 else 'narrow'}-{scheme}.png", full_page=True)
    context.close()
