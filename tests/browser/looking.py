"""Looking at pages in a real browser, however slow the machine is: each step waits for what it is about."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from matplotlib.image import imread
from playwright.sync_api import Browser, Page

from tests.browser.conftest import PATIENCE_MS, PICTURES, World


@contextmanager
def opened(browser: Browser, address: str, **options: Any) -> Iterator[Page]:
    """Open a page of a browser that knows nobody yet; all its waits are patient."""
    context = browser.new_context(base_url=address, **options)
    context.set_default_timeout(PATIENCE_MS)
    yield context.new_page()
    context.close()


def log_in(page: Page, world: World, user: str, onward: str = "/desk") -> None:
    """Log in on the page of the entrance, and wait for the page that it leads to."""
    page.fill("#token", world.federation.token(user))
    page.click("main form:has(#token) button")
    page.wait_for_url(f"**{onward}")


def picture_of(page: Page, selector: str) -> np.ndarray:
    """What is seen of an element, shape (row, column, 3), between 0 and 1."""
    return imread(io.BytesIO(page.locator(selector).screenshot()), format="png")[..., :3]


def keep_picture(page: Page, name: str) -> None:
    """Leave a picture of a whole page for people to look at, where there are some."""
    if "CI" not in os.environ:
        PICTURES.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=PICTURES / f"{name}.png", full_page=True)


def at_rest(page: Page, selector: str) -> np.ndarray:
    """What is seen of an element when two looks half a second apart see the same, and something."""
    seen = picture_of(page, selector)
    for _ in range(PATIENCE_MS // 500):
        page.wait_for_timeout(500)
        before, seen = seen, picture_of(page, selector)
        if np.array_equal(before, seen) and seen.std() > 0.01:
            break
    return seen


def changed(page: Page, selector: str, before: np.ndarray, by: float) -> bool:
    """Whether an element comes to look other than `before` by more than so much: a slow machine draws late."""
    for _ in range(PATIENCE_MS // 500):
        if float(np.abs(picture_of(page, selector) - before).mean()) > by:
            return True
        page.wait_for_timeout(500)
    return False
