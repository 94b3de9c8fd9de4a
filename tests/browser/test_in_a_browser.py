"""The pages in a real browser: whoever looks, with whatever screen, they fit and can be used."""

from __future__ import annotations

from typing import Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser

from tests.browser.conftest import PICTURES, World


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
