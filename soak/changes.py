"""Callers ask while others change what their questions mean: no answer is older than the question."""

from __future__ import annotations

import random
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from itertools import product
from pathlib import Path

from fomrepo.catalog import Catalog, open_catalog, upgrade_catalog
from fomrepo.errors import FomrepoError, StorageError
from fomrepo.model.deposits import AcceptedFile
from fomrepo.model.files import RecordName, RecordVersion, ReplicaState
from fomrepo.model.operations import MethodRef
from soak.campaign import Campaign, Found, Judgement, Trial
from tests.catalog.examples import ADK, FINGERPRINT, method, named, publish, record, result, withdraw
from tests.postgres_server import PostgresServer, running_postgres

#: Records, each with somebody of its own who changes things about it; changes of each; sites; who asks at each.
PLOTS, CHANGES, SITES, ASKING = 2, 10, 2, 2
#: How long an embargo is, and how exactly its end is known.
EMBARGO_S, CLOCK_S = 0.5, 0.05
#: On PostgreSQL all connections are cut in one trial of so many, that often.
CUT_EVERY, CUT_INTERVAL_S = 4, 0.2
SECRET = "5" * 64
#: The tokens of a plot's owner: the first is there from the beginning.
TOKENS = 2

#: Who asks, and with which token.
Question = tuple[str, str]
Answer = str


@dataclass(frozen=True, slots=True)
class Change:
    """One change, by this machine's monotonic clock in seconds: it is there from some moment between the two on."""

    began: float
    ended: float
    #: What is to be answered from then on; None: that could not be found out in time.
    answers: dict[Question, Answer] | None


@dataclass(slots=True)
class Plot:
    """A record, its project, its methods, and whom they mean something to; one thread changes it."""

    number: int
    people: dict[str, str] = field(default_factory=dict)
    name: RecordName | None = None
    changes: list[Change] = field(default_factory=list)
    #: (Asked, answered, question, answer), by the same clock.
    heard: list[tuple[float, float, Question, Answer]] = field(default_factory=list)

    @property
    def owner(self) -> str:
        """Name of the owner, which is that of the project too."""
        return f"ada{self.number}"

    @property
    def friend(self) -> str:
        """Name of somebody who is a member of the project at times."""
        return f"bob{self.number}"

    def handle(self, token: int) -> str:
        """Handle of one of the owner's tokens."""
        return f"token-{self.number}-{token}"

    def digest(self, digest: str) -> str:
        """Digest of a file, which no other plot has."""
        return f"{self.number:02d}{digest[2:]}"

    def questions(self) -> list[Question]:
        """All that is asked about it."""
        return list(product((self.owner, self.friend), map(self.handle, range(TOKENS))))

    def found(self, catalog: Catalog) -> None:
        """Make it."""
        for name in (self.owner, self.friend):
            self.people[name] = catalog.people.add_principal(name).id
        self.add_token(catalog, 0)
        owner = catalog.people.principal(self.owner)
        assert owner is not None
        self.name = named(record(catalog, owner, name="adk", files=self._files()))
        self.publish_method(catalog, 0)
        self.changes.append(Change(0.0, time.monotonic(), self.all_answers(catalog)))

    def all_answers(self, catalog: Catalog) -> dict[Question, Answer]:
        """What somebody is answered who remembers nothing."""
        return {question: self.ask(catalog, question) for question in self.questions()}

    def ask(self, catalog: Catalog, question: Question) -> Answer:
        """Ask what a call of its method on its file means now."""
        who, handle = question
        caller = catalog.people.authenticate(handle, SECRET, time.time())
        try:
            call = catalog.calls.resolve(
                self.people[who], [(self._name(), "adk.xtc")], MethodRef(f"method{self.number}")
            )
        except FomrepoError as error:
            return f"{caller and caller.name} {type(error).__name__}"
        kept = catalog.calls.kept(self.people[who], result_key=self.owner, idempotency_key="")
        read = [(one.version.version_id, one.objects) for one in call.inputs]
        copies = catalog.replicas.of_inputs(self.people[who], read)
        version = call.inputs[0].version
        return " ".join(
            [
                str(caller and caller.name),
                f"{version.number} {version.state.value} {call.scope} {call.method}",
                *sorted(f"{one.site} {one.digest[:3]} {one.generation} {one.state.value}" for one in copies),
                *(f"kept {one.blob}" for one in kept.stored),
            ]
        )

    def change(self, catalog: Catalog, draw: random.Random, number: int) -> None:
        """Make a change, and note what is to be answered from then on."""
        before, ends = time.monotonic(), None
        try:
            ends = draw.choice(self._ways())(catalog, number)
        except StorageError:  # it was done or was not, and was perhaps an embargo
            time.sleep(EMBARGO_S + CLOCK_S)
            self.changes.append(Change(before, time.monotonic(), None))
            before = time.monotonic()
        except FomrepoError:
            pass  # nothing to withdraw, nothing to publish
        self._note(catalog, before, until=ends and ends[0])
        if ends is not None:
            time.sleep(max(ends[1] - time.monotonic(), 0.0))
            self._note(catalog, ends[0])

    def _note(self, catalog: Catalog, before: float, *, until: float | None = None) -> None:
        answers, ended = None, time.monotonic()
        while answers is None:
            try:
                answers = self.all_answers(catalog)
            except StorageError:  # all connections were cut
                ended = time.monotonic()
        in_time = until is None or time.monotonic() < until
        self.changes.append(Change(before, ended, answers if in_time else None))

    def wrong(self) -> list[str]:
        """Sentences about answers that nobody may have got: neither what held before a call nor what came during it."""
        said = []
        for asked, answered, question, answer in self.heard:
            ended = max(n for n, one in enumerate(self.changes) if one.ended <= asked)
            began = max(n for n, one in enumerate(self.changes) if one.began <= answered)
            allowed = [one.answers and one.answers[question] for one in self.changes[ended : began + 1]]
            if answer not in allowed and None not in allowed:
                said.append(f"{question} was answered {answer!r} where {allowed} holds")
        return said

    # --- changes; each returns between which moments the next one comes by itself, if one does -----------------------

    def _ways(self) -> list[Callable[[Catalog, int], tuple[float, float] | None]]:
        return [
            self.add_token,
            self.revoke_token,
            self.let_in,
            self.put_out,
            self.deposit,
            self.publish,
            self.embargo,
            self.withdraw,
            self.spoil,
            self.mend,
            self.copy,
            self.publish_method,
            self.keep_result,
        ]

    def _name(self) -> RecordName:
        assert self.name is not None
        return self.name

    def _files(self) -> list[AcceptedFile]:
        """Files with digests of their own, offsets included."""
        own = [replace(one, digest=self.digest(one.digest)) for one in ADK]
        return [
            one if one.offsets is None else replace(one, offsets=(self.digest(one.offsets[0]), *one.offsets[1:]))
            for one in own
        ]

    def _newest(self, catalog: Catalog) -> RecordVersion:
        found = catalog.records.find(self._name(), self.people[self.owner])
        assert found is not None
        return found

    def add_token(self, catalog: Catalog, number: int) -> None:
        """Add a token."""
        handle = self.handle(number % TOKENS)
        catalog.people.add_token(self.owner, label="", handle=handle, sha256=SECRET, expires=None)

    def revoke_token(self, catalog: Catalog, number: int) -> None:
        """Revoke a token."""
        catalog.people.revoke_token(self.handle(number % TOKENS), time.time())

    def let_in(self, catalog: Catalog, number: int) -> None:
        """Make the friend a member."""
        catalog.people.add_member(self.owner, self.friend)

    def put_out(self, catalog: Catalog, number: int) -> None:
        """Make the friend a stranger."""
        catalog.people.remove_member(self.owner, self.friend)

    def deposit(self, catalog: Catalog, number: int) -> None:
        """Deposit a new version."""
        owner = catalog.people.principal(self.owner)
        assert owner is not None
        record(catalog, owner, new_version_of=self._name(), files=self._files())

    def publish(self, catalog: Catalog, number: int) -> None:
        """Publish the newest version."""
        publish(catalog, self._newest(catalog))

    def embargo(self, catalog: Catalog, number: int) -> tuple[float, float]:
        """Publish the newest version from a moment on."""
        newest, before = self._newest(catalog), time.monotonic()
        ends, after = time.time() + EMBARGO_S, time.monotonic()
        publish(catalog, newest, embargo_until=ends)
        return before + EMBARGO_S - CLOCK_S, after + EMBARGO_S + CLOCK_S

    def withdraw(self, catalog: Catalog, number: int) -> None:
        """Withdraw the newest version."""
        withdraw(catalog, self._newest(catalog))

    def spoil(self, catalog: Catalog, number: int) -> None:
        """Find a copy bad, with what was computed from it."""
        catalog.replicas.spoil("site-a", self.digest(ADK[1].digest), ReplicaState.BAD)

    def mend(self, catalog: Catalog, number: int) -> None:
        """Have a good copy again."""
        catalog.replicas.finish("site-a", self.digest(ADK[1].digest), FINGERPRINT)

    def copy(self, catalog: Catalog, number: int) -> None:
        """Put the newest version to another site."""
        version = self._newest(catalog)
        files = [partial(catalog.replicas.finish, "site-b", one.digest, FINGERPRINT) for one in self._files()]
        catalog.together([*files, partial(catalog.replicas.place, version.version_id, "site-b")])

    def publish_method(self, catalog: Catalog, number: int) -> None:
        """Publish a newer version of the method."""
        content = f"{self.number} {number}".encode()
        catalog.methods.publish(method(f"1.{number}.0", name=f"method{self.number}", content=content), "{}")

    def keep_result(self, catalog: Catalog, number: int) -> None:
        """Keep a result, if its fence holds."""
        digest = self.digest(ADK[1].digest)
        kept, replica = result(self.owner, blob=f"blob {number}"), catalog.replicas.get("site-a", digest)
        if replica is not None:
            catalog.calls.commit_result(kept, replicas=[(digest, replica.generation)], versions=[], current=[])


class Histories:
    """Histories, each on a catalog of its own: of SQLite and of PostgreSQL in turn."""

    def __init__(self, folder: Path, kept: ExitStack) -> None:
        self._folder, self._kept = folder, kept
        self._template = f"sqlite:///{folder}/template.db"
        upgrade_catalog(self._template)

    def trial(self, number: int, draw: random.Random) -> Found:
        """Let several sites' callers ask while plots change."""
        if number % 2:
            url = self._server.new_database(self._server_template)
            try:
                return self._history(url, draw, cuts=number % CUT_EVERY == 1)
            finally:
                self._server.drop(url)
        with tempfile.TemporaryDirectory(dir=self._folder) as own:
            shutil.copy(self._folder / "template.db", Path(own) / "catalog.db")
            return self._history(f"sqlite:///{own}/catalog.db", draw, cuts=False)

    @cached_property
    def _server(self) -> PostgresServer:
        newest = max(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parts[4]))
        return self._kept.enter_context(running_postgres(newest))

    @cached_property
    def _server_template(self) -> str:
        upgrade_catalog(url := self._server.new_database())
        return url

    def _history(self, url: str, draw: random.Random, *, cuts: bool) -> Found:
        plots, over, failed = [Plot(number) for number in range(PLOTS)], threading.Event(), [0]
        draws = [random.Random(draw.random()) for _ in range(PLOTS + SITES * ASKING)]

        def change(plot: Plot, own: random.Random) -> None:
            with open_catalog(url) as catalog:
                for number in range(1, CHANGES + 1):
                    plot.change(catalog, own, number)

        def ask(catalog: Catalog, own: random.Random) -> None:
            while not over.is_set():
                plot = own.choice(plots)
                question, asked = own.choice(plot.questions()), time.monotonic()
                try:
                    answer = catalog.at_one_moment(partial(plot.ask, catalog, question))
                except StorageError:
                    failed[0] += 1
                    continue
                plot.heard.append((asked, time.monotonic(), question, answer))

        def cut() -> None:
            while not over.wait(CUT_INTERVAL_S):
                self._server.run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()")

        with ExitStack() as opened:
            with open_catalog(url) as catalog:
                for plot in plots:
                    plot.found(catalog)
            sites = [opened.enter_context(open_catalog(url)) for _ in range(SITES)]
            threads = opened.enter_context(ThreadPoolExecutor(PLOTS + SITES * ASKING + 1))
            changing = [threads.submit(change, plot, draws.pop()) for plot in plots]
            others = [threads.submit(ask, site, draws.pop()) for site in sites for _ in range(ASKING)]
            others += [threads.submit(cut)] if cuts else []
            try:
                for one in changing:
                    one.result()
            finally:
                over.set()
            for other in others:
                other.result()
        return {
            "answers": sum(len(plot.heard) for plot in plots),
            "different": len({answer for plot in plots for *_, answer in plot.heard}),
            "changes": sum(len(plot.changes) for plot in plots),
            "failed": failed[0],
            "cuts": cuts,
            "wrong": [line for plot in plots for line in plot.wrong()][:10],
        }


@contextmanager
def prepare() -> Iterator[Trial]:
    """Give the trial."""
    with tempfile.TemporaryDirectory(prefix="fomrepo-changes-") as folder, ExitStack() as kept:
        yield Histories(Path(folder), kept).trial


def judge(found: list[Found], short: bool) -> Judgement:
    """Judge what all trials found."""
    figures = {name: sum(one[name] for one in found) for name in ("answers", "different", "changes", "failed")}
    broken = [f"in history {number}: {line}" for number, one in enumerate(found) for line in one["wrong"]]
    unasked = [number for number, one in enumerate(found) if one["failed"] and not one["cuts"]]
    broken += [f"in history {number} questions failed" for number in unasked]
    return Judgement({**figures, "with connections cut": sum(one["cuts"] for one in found)}, broken)


CAMPAIGN = Campaign(
    "No answer is older than its question: what was changed before is seen, at every site, by whoever remembers what.",
    count=200,
    short_count=1,
    prepare=prepare,
    judge=judge,
)
