"""Three sites on this machine, real trajectories, and a line for each promise that is kept: ``script/demo``."""

from __future__ import annotations

import argparse
import contextlib
import json
import shutil
import signal
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from checks import Story
from MDAnalysisTests.datafiles import DCD, DCD2, GRO, PSF, XTC

from fomrepo.browser.application import browser_application
from fomrepo.browser.serve import serve
from fomrepo.client.profile import Profile, authority_text
from fomrepo.client.record import Record
from fomrepo.client.repository import Repository
from fomrepo.errors import FomrepoError
from fomrepo.isolation.launch import run_tool
from fomrepo.testing import LocalFederation
from fomrepo.testing.ports import own_address

HERE = Path(__file__).parent

#: Largest difference to plain MDAnalysis, in angstrom.
TOLERANCE = 1e-6
#: Bytes that a call may take on the sites' own channel beyond its result.
CHANNEL_SLACK_BYTES = 64 * 1024
#: Calls while one site is busy, and how many of them must land elsewhere.
CALLS_WHILE_BUSY, LEAST_ELSEWHERE = 50, 45


class Demo:
    """The story, chapter by chapter."""

    def __init__(self, story: Story, federation: LocalFederation, folder: Path) -> None:
        self.story, self.federation, self.folder = story, federation, folder
        self.repo = federation.connect("alice", site="site-a")
        self.adk: Record
        self.solvated: Record

    def tell(self) -> None:
        """Deposit, then check one promise after the other."""
        check = self.story.check
        check("adk (PSF + DCD) is deposited at site-b", self.deposit_adk)
        check("solvated adk (GRO + XTC, 47,681 atoms) is deposited at site-b", self.deposit_solvated)
        check("asked through site-a, which has no copy: equal to plain MDAnalysis", self.equals_plain)
        check("bytes on the sites' own channel for a call", self.channel_bytes)
        check("the second call is a hit and computes nothing", self.second_is_hit)
        check("a changed version recomputes, the old one stays", self.new_version)
        check("a hostile method is contained, and the site lives", self.hostile)
        check("with site-b busy, calls land on another site", self.busy)
        check("with the serving site killed, the call completes elsewhere", self.killed)

    def deposit_adk(self) -> tuple[bool, str]:
        """Deposit at site-b, so that site-a has no copy."""
        with self.federation.connect("alice", site="site-b") as at_b:
            self.adk = at_b.deposit(PSF, DCD, title="Adenylate kinase, closed to open")
        traj = self.repo[self.adk.accession]["adk_dims.dcd"]
        return (traj.n_atoms, traj.n_frames) == (
            3341,
            98,
        ), f"{self.adk.accession}, {traj.n_atoms:,} atoms, {traj.n_frames} frames"

    def deposit_solvated(self) -> tuple[bool, str]:
        """A periodic system with water."""
        with self.federation.connect("alice", site="site-b") as at_b:
            self.solvated = at_b.deposit(GRO, XTC, title="Adenylate kinase in water, OPLS-AA")
        traj = self.solvated[Path(XTC).name]
        return (traj.n_atoms, traj.n_frames) == (
            47681,
            10,
        ), f"{self.solvated.accession}, {traj.n_atoms:,} atoms, {traj.n_frames} frames"

    def equals_plain(self) -> tuple[bool, str]:
        """Compare with the user's own script."""
        worst = 0.0
        for record, topology, trajectory in ((self.adk, PSF, DCD), (self.solvated, GRO, XTC)):
            result = self.repo[record.accession][Path(trajectory).name].rmsd(select="name CA")
            worst = max(worst, float(np.abs(result.rmsd - plain_rmsd(topology, trajectory)).max()))
        return (
            worst <= TOLERANCE and result.site == "site-b",
            f"largest difference {worst:.1e} angstrom, ran at {result.site}",
        )

    def channel_bytes(self) -> tuple[bool, str]:
        """Count every byte that passes between the sites, encryption included."""
        tap = self.federation.taps["site-b"]
        before = tap.passed_bytes
        result = self.repo[self.adk.accession]["adk_dims.dcd"].rmsd(select="protein and name C")
        time.sleep(0.2)  # what is on its way arrives
        passed = tap.passed_bytes - before
        size = result.rmsd.nbytes + result.times.nbytes + result.frames.nbytes
        return (
            0 < passed < size + CHANNEL_SLACK_BYTES,
            f"{passed:,} bytes for a result of {size:,}; the file has {Path(DCD).stat().st_size:,}",
        )

    def second_is_hit(self) -> tuple[bool, str]:
        """Ask the same again and look whether any site ran anything."""
        traj = self.repo[self.adk.accession]["adk_dims.dcd"]
        before = self.runs()
        begun = time.perf_counter()
        again = traj.rmsd(select="name CA")
        took = time.perf_counter() - begun
        return again.cached and self.runs() == before, f"answered in {took * 1e3:.1f} ms, {self.runs() - before} runs"

    def new_version(self) -> tuple[bool, str]:
        """Deposit another path of the same protein as version 2 of the same file."""
        changed = self.folder / "changed"
        changed.mkdir(exist_ok=True)
        for source, name in ((PSF, "adk.psf"), (DCD2, "adk_dims.dcd")):
            shutil.copy(source, changed / name)
        with self.federation.connect("alice", site="site-b") as at_b:
            at_b.deposit(
                changed / "adk.psf", changed / "adk_dims.dcd", title="Another path", new_version_of=self.adk.accession
            )
        new = self.repo[self.adk.accession]["adk_dims.dcd"].rmsd(select="name CA")
        old = self.repo[f"{self.adk.accession}.v1"]["adk_dims.dcd"].rmsd(select="name CA")
        difference = float(np.abs(new.rmsd - plain_rmsd(str(changed / "adk.psf"), str(changed / "adk_dims.dcd"))).max())
        ok = not new.cached and difference <= TOLERANCE and old.cached and len(old.rmsd) == 98
        return (
            ok,
            f"version 2 ({len(new.rmsd)} frames) computed anew, {difference:.1e} angstrom from MDAnalysis",
        )

    def hostile(self) -> tuple[bool, str]:
        """Run a method that tries to break out."""
        result = self.repo.try_draft(HERE / "drafts/hostile", self.repo[self.adk.accession]["adk_dims.dcd"])
        alive = self.repo.whoami().name == "alice"
        return result.tried > 10 and not len(
            result.worked
        ) and alive, f"{result.tried} ways tried, {len(result.worked)} worked"

    def busy(self) -> tuple[bool, str]:
        """Fill the slots of site-b, then call methods on data that site-b and site-c hold."""
        replicate(self.repo, self.adk.accession, "site-c")
        traj = self.repo[self.adk.accession]["adk_dims.dcd"]
        with ThreadPoolExecutor(8) as pool:
            sleeping = [
                pool.submit(self.repo.try_draft, HERE / "drafts/slow", traj, seconds=60.0 + n, at_site="site-b")
                for n in range(4)
            ]
            wait_for(lambda: self.running_at("site-b") >= 2)
            sites = list(
                pool.map(
                    lambda n: traj.radius_of_gyration(select=f"resid 1:{100 + n}", stop=2).site, range(CALLS_WHILE_BUSY)
                )
            )
            self.federation["site-b"].kill()
            for one in sleeping:
                with contextlib.suppress(FomrepoError):
                    one.result()
        self.federation.start("site-b")
        elsewhere = sum(site != "site-b" for site in sites)
        return (
            elsewhere >= LEAST_ELSEWHERE,
            f"{elsewhere} of {CALLS_WHILE_BUSY} on {' and '.join(sorted({*sites} - {'site-b'}))}",
        )

    def killed(self) -> tuple[bool, str]:
        """Kill the site that runs a call, in the middle of it."""
        traj = self.repo[self.adk.accession]["adk_dims.dcd"]
        wait_for(lambda: not any(self.running_at(site) for site in ("site-b", "site-c")))  # as the last beat told
        with ThreadPoolExecutor(1) as pool:
            future = pool.submit(self.repo.try_draft, HERE / "drafts/slow", traj, seconds=6.0)
            wait_for(lambda: any(self.running_at(site) for site in ("site-b", "site-c")))
            victim = next(site for site in ("site-b", "site-c") if self.running_at(site))
            self.federation[victim].kill()
            result = future.result(timeout=120)
        ok = (
            result.site != victim
            and int(result.n_atoms) == 3341
            and any(site == victim for site, _ in result.provenance.detours)
        )
        return ok, f"{victim} was killed, {result.site} answered, and the provenance says so"

    def runs(self) -> int:
        """Runs that any site has started so far, by their logs."""
        logs = [site.home / "site.log" for site in self.federation.sites.values()]
        return sum(line.count('"event": "run"') for log in logs for line in log.read_text().splitlines())

    def running_at(self, site: str) -> int:
        """Runs under way at a site."""
        return next(one.running for one in self.repo.sites() if one.name == site)


def plain_rmsd(topology: str, trajectory: str) -> np.ndarray:
    """RMSD as the user's own script has it, in angstrom, shape (frame,)."""
    answer = run_tool(
        (sys.executable, str(HERE / "plain.py"), topology, trajectory, "name CA"), timeout_s=120, keep_environment=True
    )
    return np.array(json.loads(answer.stdout)["rmsd"])


def replicate(repo: Repository, record: str, site: str) -> None:
    """Make a copy of a record and wait until it is whole."""
    while not repo.replicate(record, site).done:
        time.sleep(0.05)


def wait_for(condition: object, timeout_s: float = 60.0) -> None:
    """Wait until a condition holds.

    Raises
    ------
    TimeoutError
        If it does not in time.
    """
    until = time.monotonic() + timeout_s
    while not condition():  # type: ignore[operator]  # a callable
        if time.monotonic() > until:
            raise TimeoutError("what was waited for did not happen")
        time.sleep(0.1)


def main() -> int:
    """Run the story; exit code 0 only if every promise was kept."""
    options = argparse.ArgumentParser(prog="script/demo", description=__doc__)
    options.add_argument("--json", action="store_true", help="print one JSON object a line for each check")
    options.add_argument(
        "--keep", action="store_true", help="leave the sites running, serve web pages, print how to connect"
    )
    chosen = options.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # the sites end with it, as by Ctrl-C
    story = Story(as_json=chosen.json)
    begun = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="fomrepo-demo-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o755)
        story.say("Three sites are starting: site-a, site-b, site-c ...")
        with LocalFederation(folder, tapped=True, slots=2) as federation:
            story.say(f"They are ready after {time.monotonic() - begun:.1f} s.")
            demo = Demo(story, federation, folder)
            demo.tell()
            kept = story.table()
            if chosen.keep:
                keep(story, federation, demo)
    return 0 if kept else 1


def keep(story: Story, federation: LocalFederation, demo: Demo) -> None:
    """Leave the sites running, and show what they hold as web pages, until Ctrl-C."""
    for name, site in federation.sites.items():
        if not site.runs:
            federation.start(name)
    address = federation["site-a"].address
    story.say("The sites go on running. Connect from another terminal:")
    story.say(
        f"  export FOMREPO_ADDRESS={address} FOMREPO_CA={federation.ca} FOMREPO_TOKEN={federation.token('alice')}"
    )
    story.say("  .venv/bin/fomrepo ls")
    story.say('  .venv/bin/python -c "import fomrepo; print(list(fomrepo.connect().records()))"')
    for record in (demo.adk, demo.solvated):
        demo.repo.lifecycle.publish(record.accession, licence="CC-BY-4.0")
    sites = tuple(site.address for site in federation.sites.values())
    visitor = Profile(sites, federation.token("visitor"), authority_text(federation.ca))
    address = own_address()
    host, _, port = address.rpartition(":")
    url = f"http://{address}"
    serve(
        browser_application(visitor, url=url),
        (host, int(port)),
        lambda: story.say(f"In a web browser: {url} (log in with the token above). Ctrl-C ends all of it."),
    )


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)  # 128 + SIGINT, as shells have it; nothing is left behind
