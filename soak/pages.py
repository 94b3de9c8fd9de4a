"""Nothing that anybody wrote runs in a browser, whatever the field and whatever the page."""

from __future__ import annotations

import random
import re
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path
from urllib.parse import quote, urlencode

from playwright.sync_api import Browser, BrowserContext, Error, Page
from playwright.sync_api import Route as Request
from starlette.applications import Starlette
from starlette.routing import Mount, Route

from fomrepo.errors import FomrepoError
from soak.campaign import Campaign, Found, Judgement, Trial
from soak.hostile_catalog import MEMBER, Batch, HostileCatalog
from soak.payloads import COMPUTED, DEEDS, VECTORS, payload
from tests.browser.served_pages import debian_chromium, served

#: Texts of one trial.
BATCH = 200
#: Of these so many are also looked at on a record's page of their own, and in addresses.
ALONE = 30
#: Milliseconds that an answer may take: the export of a thousand records, on a machine that does other things as well.
PATIENCE_MS = 300_000
#: Addresses that repeat what somebody wrote into them.
REPEATING = (
    "/search?{q}", "/search?engine={text}", "/search?q=x&sort={text}&after={text}", "/search?atoms-from={text}",
    "/records/{text}", "/records/FOM-123456/{text}", "/records/{record}?file={text}", "/methods/{text}",
    "/methods/rmsd?version={text}", "/login?onward={text}", "/{text}", "/run/{record}/{file}/{method}?p1={text}",
    "/operations/{text}", "/submissions/{text}", "/api/v1/search?{q}", "/api/v1/records/{text}",
)  # fmt: skip
#: Paths of what programs read.
DATA = re.compile(r"^/api/|\.(json|csv|txt|pdb|dcd|png|lock)$|/(bibtex|ris)$|/line/")
#: Holds nothing that anybody wrote, and takes seconds to load.
LEFT_OUT = {"/viewer"}

#: A function that says in a page what is there and should not be.
TRACES = (Path(__file__).parent / "page_traces.js").read_text()


@dataclass(slots=True)
class Looker:
    """A browser that looks at pages, and what it noticed."""

    context: BrowserContext
    address: str
    seen: int = 0
    wrong: list[str] = field(default_factory=list)
    _page: Page = field(init=False)

    def __post_init__(self) -> None:
        """Open a page, and listen."""
        self.context.set_default_timeout(PATIENCE_MS)
        self._page = self.context.new_page()
        self._page.on("dialog", lambda one: (self.wrong.append(f"a dialog: {one.message}"), one.dismiss()))
        self._page.on("console", lambda one: self._heard(one.text))
        self._page.on("request", lambda one: self._asked(one.url))
        for part in ("moving", "line"):  # the viewer and the plots have tests of their own
            self._page.route(f"**/records/*/{part}/**", _leave_out)

    def log_in(self, token: str) -> None:
        """Log in."""
        self._page.goto(f"{self.address}/login")
        self._page.fill("#token", token)
        self._page.click("main button")

    def look(self, path: str) -> None:
        """Look at one page; of what is data for programs, make sure that no browser takes it for a page."""
        before = len(self.wrong)
        self.seen += 1
        if DATA.search(path.partition("?")[0]):
            answered = self.context.request.get(self.address + path, max_redirects=0, timeout=PATIENCE_MS)
            if "html" not in answered.headers.get("content-type", ""):  # else it is a page that tells of a fault
                if answered.headers["x-content-type-options"] != "nosniff":
                    self.wrong.append(f"{path[:200]}: a browser may take it for a page")
                return
        try:
            answer = self._page.goto(self.address + path, wait_until="load")
        except Error as error:
            if "Download is starting" not in error.message and "ERR_ABORTED" not in error.message:
                self.wrong.append(f"{path[:200]}: {error.message[:200]}")
            return
        self.wrong += self._page.evaluate(TRACES)
        if COMPUTED in self._page.content():
            self.wrong.append("a template computed what was written")
        if answer is None or answer.status >= 500:
            self.wrong.append(f"it failed: {'' if answer is None else answer.status}")
        self.wrong[before:] = [f"{path[:200]}: {one}" for one in self.wrong[before:]]

    def look_on(self, path: str) -> None:
        """Look at one page, and at those that follow it."""
        while path:
            self.look(path)
            onward = self._page.locator("a[rel~=next]")
            path = (onward.first.get_attribute("href") or "") if onward.count() else ""

    def look_at(self, html: str) -> bool:
        """Whether anything is noticed of a page that escapes nothing; forgets what was noticed before."""
        path = "/escapes-nothing"
        self._page.route(f"**{path}", lambda route: route.fulfill(body=html, content_type="text/html"))
        self.look(path)
        self._page.unroute(f"**{path}")
        noticed = bool(self.wrong)
        self.wrong.clear()
        return noticed

    def _heard(self, text: str) -> None:
        theirs = "Applying inline style" in text and self._page.url.endswith(".xml")  # chromium's own way to show it
        if "Content Security Policy" in text and not theirs:
            self.wrong.append(f"the policy held back: {text[:200]}")

    def _asked(self, url: str) -> None:
        if not url.startswith((self.address, "data:", "blob:")):
            self.wrong.append(f"asked {url[:100]}")


@contextmanager
def prepare(few: int = ALONE, all_of: int = BATCH) -> Iterator[Trial]:
    """Start a federation, the pages and the browser.

    Parameters
    ----------
    few, all_of
        How many texts of each trial are looked at on a record's page of their own, and in addresses, and how many there
        are: lists and desks have all.
    """
    with tempfile.TemporaryDirectory() as folder, debian_chromium() as browser:
        catalog = HostileCatalog(Path(folder))
        catalog.begin()
        try:
            with served(catalog.profile("visitor")) as (address, app):
                lookers = _lookers(browser, address, catalog)
                yield lambda number, draw: _look_everywhere(catalog, app, lookers, number, draw, few, all_of)
        finally:
            catalog.end()


def _lookers(browser: Browser, address: str, catalog: HostileCatalog) -> dict[str, Looker]:
    """A visitor and a member, each with the policy of the pages and without it: escaped alone they are safe, too."""
    found = {}
    for name, token in (("visitor", None), ("member", catalog.federation.token(MEMBER))):
        for policy, free in (("held by the policy", False), ("escaped alone", True)):
            looker = Looker(browser.new_context(bypass_csp=free), address)
            if token is not None:
                looker.log_in(token)
            found[f"{name}, {policy}"] = looker
    return found


def _look_everywhere(
    catalog: HostileCatalog,
    app: Starlette,
    lookers: dict[str, Looker],
    number: int,
    draw: random.Random,
    few: int,
    all_of: int,
) -> Found:
    texts = tuple(dict.fromkeys(f"{payload(draw)} {number * BATCH + n}" for n in range(all_of)))
    batch = catalog.write(number, texts, submitted=True)
    app.state.library.shelf.look()
    operations = _run(catalog, batch)
    paths = [*_paths(app, batch, operations), *(f"/records/{one}" for one in batch.records[1:few])]
    paths += [f"/records/{one}.v1" for one in batch.records[:few:7]]
    asked = [_filled(REPEATING[n % len(REPEATING)], batch, one) for n, one in enumerate(texts[:few])]
    free = lookers["member, escaped alone"]
    others = cycle(one for one in lookers.values() if one is not free)
    for n, path in enumerate([*paths, *asked]):
        for looker in [free] if n % 5 else [free, next(others)]:
            looker.look(path)
    free.look_on("/search")
    wrong = [f"{name}: {one}" for name, looker in lookers.items() for one in looker.wrong]
    seen = {name: looker.seen for name, looker in lookers.items()}
    noticed = [free.look_at(_unescaped(one, draw.choice(DEEDS))) for one in VECTORS] if number == 0 else []
    for looker in lookers.values():
        looker.seen = 0
        looker.wrong.clear()
    return {"texts": len(texts), "seen": seen, "wrong": wrong, "noticed": noticed}


def _leave_out(route: Request) -> None:
    if route.request.is_navigation_request():
        route.continue_()
    else:
        route.abort()


def _unescaped(vector: str, deed: str) -> str:
    text = vector.replace("DEED", deed)
    computed = text.replace("{{7*7191}}", COMPUTED).replace("${7*7191}", COMPUTED)
    return f"<!doctype html><title>x</title><p title={computed}>{computed}</p><a href='{text}'>x</a>"


def _run(catalog: HostileCatalog, batch: Batch) -> list[str]:
    """Call the method, so that it gives the texts back, and so that it fails with one; returns the operations."""
    found = []
    with catalog.federation.connect(MEMBER) as repo:
        file = repo[batch.records[0]][batch.file]
        for fails in (False, True):
            future = file.submit[batch.method, "1.0.0"](fails=fails)
            with suppress(FomrepoError):
                future.result(timeout=60)
            found.append(future.operation)
    return found


def _paths(app: Starlette, batch: Batch, operations: list[str]) -> Iterator[str]:
    """Every page that there is to read, about the first text of the batch."""
    for route in app.routes:
        if isinstance(route, Mount):
            found = [route.path + one.path_format for one in route.routes if isinstance(one, Route) and _read(one)]
        else:
            found = [route.path_format] if isinstance(route, Route) and _read(route) else []
        for path in sorted({*found} - LEFT_OUT):
            for operation, submission in zip(operations, batch.submissions, strict=True):
                yield _filled(path, batch, batch.texts[0], operation=operation, submission=submission)
                if "{operation}" not in path and "{submission}" not in path:
                    break


def _read(route: Route) -> bool:
    return "GET" in (route.methods or ())


def _filled(path: str, batch: Batch, text: str, **known: str) -> str:
    """Address of a page about one of the texts, which stands for what is not known here, too."""
    values = {
        "record": batch.records[0],
        "name": batch.method if "/methods/" in path else batch.records[0],
        "file": quote(batch.file, safe=""),
        "method": batch.method,
        "form": "bibtex",
        "suffix": "csv",
        "part": "0",
        "text": quote(text, safe=""),
        "q": urlencode({"q": text}),
    }
    return path.format_map(defaultdict(lambda: values["text"], values | known))


def judge(found: list[Found], short: bool) -> Judgement:
    """Nothing ran; and where nothing is escaped, it is noticed."""
    wrong = [one for trial in found for one in trial["wrong"]]
    noticed = [one for trial in found for one in trial["noticed"]]
    figures: dict[str, float | int | str] = {"texts in each field": sum(trial["texts"] for trial in found)}
    for name in found[0]["seen"]:
        figures[f"pages looked at, {name}"] = sum(trial["seen"][name] for trial in found)
    figures["traces of a text that came out of its place"] = len(wrong)
    figures["kinds of text noticed on a page that escapes nothing"] = f"{sum(noticed)} of {len(noticed)}"
    broken = wrong[:20]
    broken += [
        f"not noticed where nothing is escaped: {one}" for one, seen in zip(VECTORS, noticed, strict=False) if not seen
    ]
    return Judgement(figures, broken)


CAMPAIGN = Campaign(
    promise="No text in any field runs as a script, or changes a page, in a real browser, whichever page it is.",
    count=5,
    short_count=1,
    prepare=prepare,
    judge=judge,
)
