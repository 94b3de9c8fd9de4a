"""The pages in a real browser: the viewer, the plots, the form, and nothing that users wrote runs."""

from __future__ import annotations

import io
from typing import Literal

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from matplotlib.image import imread
from playwright.sync_api import Browser, Page

from tests.browser.conftest import PATIENCE_MS, PICTURES, World


def picture_of(page: Page, selector: str) -> np.ndarray:
    """What is seen of an element, shape (row, column, 3 or 4), between 0 and 1."""
    return imread(io.BytesIO(page.locator(selector).screenshot()), format="png")[..., :3]


def test_a_visitor_searches_opens_a_record_and_sees_it_move(page: Page, world: World) -> None:
    page.goto("/")
    page.fill("#q", "adenylate")
    page.press("#q", "Enter")
    page.click("text=Adenylate kinase, closed to open")
    page.wait_for_selector("#moving[data-ready]", timeout=PATIENCE_MS)
    page.wait_for_selector("#moving[data-drawn='0']", timeout=PATIENCE_MS)
    page.wait_for_timeout(1500)
    first = picture_of(page, "#viewer")
    assert first.reshape(-1, 3).std(axis=0).max() > 0.05  # a molecule, not an empty canvas

    page.wait_for_selector(".plot .u-over", timeout=PATIENCE_MS)
    plot = page.locator(".plot .u-over").first
    box = plot.bounding_box()
    assert box is not None
    plot.click(position={"x": box["width"] * 0.8, "y": 40})
    page.wait_for_selector("#moving:not([data-drawn='0'])", timeout=PATIENCE_MS)
    page.wait_for_timeout(1500)
    assert 70 < int(page.get_attribute("#moving", "data-frame") or 0) < 90
    assert np.abs(picture_of(page, "#viewer") - first).mean() > 0.005  # and it moved


def test_a_method_is_run_after_login_without_leaving_the_page(page: Page, world: World) -> None:
    page.goto(f"/records/{world.adk}")
    page.click("a[href$='/adk_dims.dcd/rmsf']")
    page.fill("#token", world.federation.token("alice"))
    page.click("main button")
    assert page.url.endswith("/adk_dims.dcd/rmsf")
    page.fill("#select", "name CA")
    page.fill("[name=step]", "9")
    page.click("main button")
    page.wait_for_selector("#python", timeout=PATIENCE_MS)
    page.wait_for_selector("text=Download", timeout=PATIENCE_MS)
    assert "select='name CA', step=9" in page.inner_text("#python")


def test_pages_fit_narrow_and_wide_light_and_dark(chromium: Browser, address: str, world: World) -> None:
    """Pictures of each page are left for people to look at."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    pages = {
        "home": "/", "search": "/search?q=adenylate", "record": f"/records/{world.adk}", "methods": "/methods",
        "method": "/methods/rmsd", "sites": "/sites", "statistics": "/statistics", "login": "/login",
        "withdrawn": f"/records/{world.withdrawn}", "nothing": "/records/FOM-999999",
    }  # fmt: skip
    for scheme in ("light", "dark"):
        for name, width in (("wide", 1280), ("narrow", 360)):
            context = chromium.new_context(
                base_url=address,
                color_scheme=scheme,
                viewport={"width": width, "height": 800},
                java_script_enabled=True,
            )
            page = context.new_page()
            for title, path in pages.items():
                page.goto(path, wait_until="commit")
                page.wait_for_selector("footer")
                assert page.evaluate("document.documentElement.scrollWidth") <= width, (title, width)
                page.screenshot(path=PICTURES / f"{title}-{name}-{scheme}.png")
            context.close()


def test_reading_needs_no_scripts_and_every_field_has_a_label(chromium: Browser, address: str, world: World) -> None:
    context = chromium.new_context(base_url=address, java_script_enabled=False)
    page = context.new_page()
    for path in ("/", "/search", f"/records/{world.adk}", "/methods/rmsd", "/login"):
        page.goto(path)
        assert page.locator("h1").count() == 1, path
        for field in page.locator("input:not([type=hidden]), select, textarea").all():
            name = field.get_attribute("id") or ""
            assert field.locator("xpath=ancestor::label").count() or page.locator(f"label[for='{name}']").count(), path
    context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_everybody_can_use_the_pages(
    chromium: Browser, address: str, world: World, scheme: Literal["light", "dark"]
) -> None:
    """Contrast, labels, roles and order of headings, as axe judges them."""
    # axe is handed to the page as a script, which the policy of the pages forbids
    context = chromium.new_context(base_url=address, color_scheme=scheme, bypass_csp=True)
    page = context.new_page()
    for path in ("/", "/search?q=adenylate", f"/records/{world.adk}", "/methods", "/methods/rmsd", "/sites", "/login"):
        page.goto(path, wait_until="commit")
        page.wait_for_selector("footer")
        found = Axe().run(page).response["violations"]
        assert [(one["id"], one["nodes"][0]["html"]) for one in found] == [], path
    context.close()
