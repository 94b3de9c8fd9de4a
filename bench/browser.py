"""How long pages take where very many records are published, on both databases, through the real browser process."""

from __future__ import annotations

import http.client
import json
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

from sqlalchemy import make_url

from bench.findings import Figure, Findings, Panel
from bench.places import OUR_PYTHON
from bench.published import PROTEINS, drawn_accessions, fill_catalog, is_published
from bench.rows import Bound, measured_alone
from fomrepo.site.settings import SiteHome
from fomrepo.testing import LocalFederation
from fomrepo.testing.ports import own_address
from tests.postgres_server import running_postgres

#: What 19 of 20 pages of each kind stay below, in ms; and the largest page, in bytes as they are sent.
TIME_BOUND, SIZE_BOUND = Bound(200.0), Bound(150_000.0, exact=True)
#: Records, and requests of each kind.
COUNT, REQUESTS = 100_000, 60
SHORT_COUNT, SHORT_REQUESTS = 10_000, 20
#: Seconds until the pages must show all records.
FILL_TIMEOUT_S = 3_600.0
VISITOR = "visitor"

#: Draws the path of a page.
Drawn = Callable[[random.Random], str]


@dataclass(frozen=True, slots=True)
class Pages:
    """A running browser."""

    port: int
    pid: int
    #: Seconds until it showed all records.
    filled_s: float

    @property
    def memory_mib(self) -> float:
        """Memory of its process now, in MiB."""
        fields = Path(f"/proc/{self.pid}/statm").read_text().split()
        return int(fields[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


def measure(*, short: bool) -> Findings:
    """Measure everything once."""
    findings = Findings()
    count, requests = (SHORT_COUNT, SHORT_REQUESTS) if short else (COUNT, REQUESTS)
    for database in ("SQLite", "PostgreSQL"):
        with _browser(database, count) as pages:
            _measure(findings, pages, database, count, requests)
    findings.notes.append(
        "One client asks for one page after the other; browser, site and database run on this machine beside it."
    )
    return findings


def _measure(findings: Findings, pages: Pages, database: str, count: int, requests: int) -> None:
    draw = random.Random(1)
    kinds = page_kinds([one for number, one in enumerate(drawn_accessions(count)) if is_published(number)])
    times: dict[str, list[float]] = {kind: [] for kind in kinds}
    sizes: dict[str, int] = dict.fromkeys(kinds, 0)
    connection = http.client.HTTPConnection("127.0.0.1", pages.port, timeout=60)
    for number in range(-3, requests):  # the first three do not count
        for kind, path in kinds.items():
            begun = time.perf_counter()
            connection.request("GET", path(draw))
            answer = connection.getresponse()
            body = answer.read()
            took = time.perf_counter() - begun
            if answer.status != http.client.OK:
                raise RuntimeError(f"{kind}: {answer.status} {body[:200]!r}")
            if number >= 0:
                times[kind].append(took)
                sizes[kind] = max(sizes[kind], len(body))
    connection.close()
    figures = {kind: Figure(1e3 * statistics.median(all_of), 1e3 * _p95(all_of)) for kind, all_of in times.items()}
    findings.panels.append(Panel(database, "ms", figures))
    for kind, figure in figures.items():
        what = f"{kind}, of {count:,} records on {database}, 19 of 20 within, ms"
        findings.rows.append(measured_alone(what, figure.p95, TIME_BOUND))
    largest = max((size for kind, size in sizes.items() if "JSON" not in kind), default=0)
    findings.rows.append(measured_alone(f"the largest page on {database}, bytes", float(largest), SIZE_BOUND))
    findings.notes.append(
        f"{database}: the browser showed all {count:,} records after {pages.filled_s:.0f} s and takes "
        f"{pages.memory_mib:,.0f} MiB."
    )


def page_kinds(public: Sequence[str]) -> Mapping[str, Drawn]:
    """Give what is asked for, by kind.

    Parameters
    ----------
    public
        Accessions of what is published.
    """

    def search(**query: str) -> str:
        return f"/search?{urlencode(query)}"

    def word(draw: random.Random) -> str:
        return draw.choice(PROTEINS).split()[0]

    orders = ("title", "atoms", "length", "oldest")
    return {
        "first page": lambda draw: "/",
        "search: all records": lambda draw: "/search",
        "search: two words": lambda draw: search(q=f"{word(draw)} water"),
        "search: OR and NOT": lambda draw: search(q=f"({word(draw)} OR {word(draw)}) NOT urea"),
        "search: NOT alone": lambda draw: search(q="NOT water"),
        "search: a phrase": lambda draw: search(q='"lipid interface"'),
        "search: begin of words": lambda draw: search(q=draw.choice("abcdefghiklmnprst")),
        "search: facets": lambda draw: search(engine="GROMACS", water="TIP3P", ensemble="NPT", site="berlin"),
        "search: bounds": lambda draw: search(atoms_min="10000", atoms_max="90000", temperature_min="305"),
        "search: another order": lambda draw: search(q=word(draw), sort=draw.choice(orders)),
        "search: deep in the pages": lambda draw: search(sort=draw.choice(orders), after=draw.choice(public)),
        "search: nothing found": lambda draw: search(q=f"nothing{draw.random()}"),
        "search: JSON": lambda draw: f"/api/v1{search(q=word(draw))}",
        "record": lambda draw: f"/records/{draw.choice(public)}",
        "record: JSON": lambda draw: f"/api/v1/records/{draw.choice(public)}",
        "record: citation": lambda draw: f"/records/{draw.choice(public)}/bibtex",
        "statistics": lambda draw: "/statistics",
        "methods": lambda draw: "/methods",
        "method": lambda draw: "/methods/rmsd",
    }


@contextmanager
def _browser(database: str, count: int) -> Iterator[Pages]:
    """Fill a catalog, start a site over it, and the pages over the site."""
    with ExitStack() as end:
        folder = Path(end.enter_context(tempfile.TemporaryDirectory(prefix="fomrepo-bench-")))
        folder.chmod(0o755)  # a site started by root becomes another user
        federation = LocalFederation(folder, ("a",), catalog=None if database == "SQLite" else _new_postgres(end))
        _say(f"making {count:,} records on {database}")
        fill_catalog(SiteHome(federation.home).read_settings().catalog, count)
        token = federation.token(VISITOR)
        with federation:
            yield end.enter_context(_pages(federation, token, folder, count))


def _new_postgres(end: ExitStack) -> str:
    known = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[4]))
    binaries = known[-1] if known else Path(shutil.which("initdb") or "initdb").resolve()
    url = end.enter_context(running_postgres(binaries.parent)).new_database()
    Path(str(make_url(url).query["host"])).chmod(0o755)  # the site is another user than the server
    return url


@contextmanager
def _pages(federation: LocalFederation, token: str, folder: Path, count: int) -> Iterator[Pages]:
    """Start ``fomrepo browse``, and wait until it shows everything."""
    site = next(iter(federation.sites.values()))
    variables = {"FOMREPO_ADDRESS": site.address, "FOMREPO_TOKEN": token, "FOMREPO_CA": str(federation.ca)}
    begun = time.monotonic()
    address = own_address()
    port = int(address.rpartition(":")[2])
    with (folder / "browse.log").open("wb") as log:
        process = subprocess.Popen(
            (OUR_PYTHON.parent / "fomrepo", "browse", "--listen", address),
            env={**os.environ, **variables}, stdout=log, stderr=log,
        )  # fmt: skip
    try:
        expected = sum(map(is_published, range(count)))
        while _shown(port) < expected:
            if process.poll() is not None or time.monotonic() - begun > FILL_TIMEOUT_S:
                raise RuntimeError(f"the browser did not get ready: {(folder / 'browse.log').read_text()[-2000:]}")
            time.sleep(0.5)
        filled = time.monotonic() - begun
        _say(f"all {expected:,} are shown after {filled:.0f} s")
        yield Pages(port, process.pid, filled)
    finally:
        process.terminate()
        process.wait(30)


def _shown(port: int) -> int:
    """How many records the pages show by now."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", "/api/v1/search?limit=1")
        return int(json.loads(connection.getresponse().read())["total"])
    except OSError:
        return -1
    finally:
        connection.close()


def _p95(seconds: Sequence[float]) -> float:
    return sorted(seconds)[min(len(seconds) - 1, int(0.95 * len(seconds)))]


def _say(text: str) -> None:
    print(f"bench: {text}", file=sys.stderr)
