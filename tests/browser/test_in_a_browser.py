"""The pages in a real browser: whoever looks, with whatever screen and whatever fingers, they fit and can be used."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page

from fomrepo.model.quality import WHOLE, CheckState, PlannedCheck, Verdict
from fomrepo.site.administration import open_administration
from tests.browser.conftest import PATIENCE_MS, PROVIDERS, Keys, World
from tests.browser.looking import keep_picture, log_in, opened
from tests.browser.planned_checks import plan
from tests.browser.submitted import in_review
from tests.count_bundle import CODE, write_bundle

#: A line that no screen is wide enough for.
LONG_LINE = "# " + "a_name_that_goes_on_and_on_" * 20 + "\n"
#: A title as some are.
LONG_TITLE = "Adenylate kinase in explicit water at 300 K: three times 500 ns with CHARMM36m, from the closed state on"


@dataclass(frozen=True, slots=True)
class Rita:
    """What rita has to do with."""

    #: A method that waits for reviewers.
    submission: str
    #: A private version of hers: she does not say of it what its file says, and a check of it failed.
    deposit: str
    #: A call of hers that ended.
    operation: str


@pytest.fixture(scope="module")
def rita(world: World, keys: Keys, tmp_path_factory: pytest.TempPathFactory) -> Rita:
    """Give rita something to do, and another way to log in."""
    folder = tmp_path_factory.mktemp("seen")
    atom = "ATOM      1  CA  ALA A   1       0.000   0.000   0.000  1.00  0.00           C\nEND\n"
    (folder / "one.pdb").write_text(atom)
    with world.federation.connect("rita") as repo:
        deposit = repo.deposit(folder / "one.pdb", title=LONG_TITLE)
        repo.metadata.claim(deposit.accession, {"total_atom_count": 2})
        operation = repo[f"{world.adk}.v1"]["adk_dims.dcd"].rmsd(step=20).operation
    plan(world, "rita", deposit.versioned, "one.pdb", PlannedCheck(WHOLE, Verdict(CheckState.FAILED, "it may be cut")))
    with open_administration(world.federation.home) as administration:
        administration.catalog.identities.link("rita", PROVIDERS[0]["issuer"], "0000-0002-1825-0097")
    submission = in_review(world, write_bundle(folder, "count_seen", **{"count.py": LONG_LINE + CODE}))
    return Rita(submission, deposit.versioned, operation)


@pytest.fixture(scope="module")
def pages(world: World, rita: Rita) -> dict[str, str]:
    """Addresses of pages by name: those that visitors see, and from ``desk`` on those of rita, who is logged in."""
    return {
        "home": "/",
        "search": "/search?q=adenylate",
        "nothing-found": "/search?q=unobtainium",
        "record": f"/records/{world.adk}",
        "withdrawn": f"/records/{world.withdrawn}",
        "hostile": f"/records/{world.hostile}",
        "methods": "/methods",
        "method": "/methods/rmsd",
        "sites": "/sites",
        "statistics": "/statistics",
        "login": "/login",
        "nothing": "/records/FOM-999999",
        "refused": f"/submissions/{rita.submission}",
        "expired": "/login/callback?state=of-another-day&code=x",
        "desk": "/desk",
        "curation": "/curation",
        "curated": f"/curation/{rita.deposit}",
        "identities": "/identities",
        "reviews": "/reviews",
        "submission": f"/submissions/{rita.submission}",
        "run": f"/run/{world.adk}.v1/adk_dims.dcd/rmsd",
        "operation": f"/operations/{rita.operation}",
    }


def looked_at(context: BrowserContext, world: World, pages: dict[str, str]) -> Iterator[tuple[str, Page]]:
    """Open each page, those from ``desk`` on after logging in."""
    context.set_default_timeout(PATIENCE_MS)
    page = context.new_page()
    page.route("**/moving/**", lambda route: route.abort())  # what is drawn has tests of its own
    for name, path in pages.items():
        if name == "desk":
            page.goto("/login")
            log_in(page, world, "rita")
        page.goto(path, wait_until="domcontentloaded")
        if name == "submission":
            page.wait_for_selector("#signing:not([hidden])")
        if name == "operation":
            page.wait_for_selector(".plot .u-over")
        yield name, page


@pytest.mark.timeout(600)  # of which a machine at rest needs less than one tenth
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_everybody_can_use_the_pages(
    chromium: Browser, address: str, world: World, pages: dict[str, str], scheme: Literal["light", "dark"]
) -> None:
    """Contrast, labels, roles and order of headings, as axe judges them; no page is wider than the screen.

    Pictures of each page are left for people to look at.
    """
    # axe is handed to the page as a script, which the policy of the pages forbids
    context = chromium.new_context(
        base_url=address, color_scheme=scheme, bypass_csp=True, reduced_motion="reduce" if scheme == "dark" else None
    )
    wrong: list[tuple[str, str, str]] = []
    for name, page in looked_at(context, world, pages):
        for width, size in ((1280, "wide"), (360, "narrow")):
            page.set_viewport_size({"width": width, "height": 800})
            wide = page.evaluate("document.documentElement.scrollWidth")
            keep_picture(page, f"{name}-{size}-{scheme}")
            if wide > width:
                wrong.append((name, f"{wide} wide", str(width)))
            if (size, scheme) in (("wide", "light"), ("narrow", "dark")):
                found = Axe().run(page).response["violations"]
                wrong += [(name, one["id"], one["nodes"][0]["html"]) for one in found]
    context.close()
    assert wrong == []


def test_keys_alone_lead_through_the_pages(
    chromium: Browser, address: str, world: World, pages: dict[str, str]
) -> None:
    """Each press of Tab goes on to something that is seen and marked; the first one leads to the content."""
    context = chromium.new_context(base_url=address)
    chosen = {one: pages[one] for one in ("home", "search", "record", "desk", "submission")}
    for name, page in looked_at(context, world, chosen):
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.className") == "skip", name
        page.keyboard.press("Enter")
        assert page.evaluate("location.hash") == "#main", name
        reached: list[str] = []
        for _ in range(200):
            page.keyboard.press("Tab")
            told = page.evaluate(
                """() => {
                  const one = document.activeElement;
                  if (one === document.body) return null;
                  const { width, height } = one.getBoundingClientRect(), style = getComputedStyle(one);
                  const shown = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
                  return [one.outerHTML.slice(0, 80), width > 0 && height > 0 && shown, Boolean(one.closest("main"))];
                }"""
            )
            if told is None:
                break
            html, seen, _ = told
            assert seen, (name, html)
            reached.append(html)
        assert told is None, f"{name} keeps the keys"
        assert len(reached) >= 3, name
    context.close()


def test_reading_needs_no_scripts_and_every_field_has_a_label(chromium: Browser, address: str, world: World) -> None:
    with opened(chromium, address, java_script_enabled=False) as page:
        for path in ("/", "/search", f"/records/{world.adk}", "/methods/rmsd", "/login"):
            page.goto(path)
            assert page.locator("h1").count() == 1, path
            for field in page.locator("input:not([type=hidden]), select, textarea").all():
                label = page.locator(f"label[for='{field.get_attribute('id') or ''}']")
                assert field.locator("xpath=ancestor::label").count() or label.count(), path
