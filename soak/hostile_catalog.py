"""Texts of attackers in every field of a catalog, written past all checks: what a page shows, it escapes by itself."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from fomrepo.client.profile import Profile, authority_text
from fomrepo.model.bundle import read_bundle
from fomrepo.model.canonical import new_accession, new_id
from fomrepo.model.gate_report import CaseReport, GateCheck, GateReport
from fomrepo.model.methods import Bundle
from fomrepo.model.quality import Finding
from fomrepo.site.administration import open_administration
from fomrepo.testing import LocalFederation
from tests.count_bundle import CASE

SITE = "site-a"
#: Who has a part in everything, and reviews.
MEMBER = "mallory"
PDB = "ATOM      1  CA  ALA A   1       0.000   0.000   0.000  1.00  0.00           C\nEND\n"

METHOD = """\
name = "{name}"
version = "{version}"
summary = {text}
description = {text}
entry = "count:count"
environment = "mdanalysis"
licence = {short}
authors = {authors}
citations = {citations}
[inputs]
universe = "topology"
[parameters.fails]
type = "bool"
default = false
doc = {text}
{parameters}
[result]
type = "Table"
doc = {text}
[result.fields.text]
dtype = "string"
dims = ["row"]
doc = {text}
"""
RETURNS = """\
def count(universe, fails, **_):
    if fails:
        raise ValueError({text})
    return {{"text": {texts}}}
"""


@dataclass(slots=True)
class Batch:
    """Where one batch of texts stands."""

    texts: Sequence[str]
    #: Accessions: each record has one of the texts alone, and the first one has all of them in its lists.
    records: list[str] = field(default_factory=list)
    #: Name of the method that was published with them.
    method: str = ""
    #: One that is in review, and one that was rejected.
    submissions: list[str] = field(default_factory=list)

    @property
    def file(self) -> str:
        """A file of the first record, of a type that methods take."""
        return f"a {self.texts[0]}"


class HostileCatalog:
    """A federation of one site, to whose catalog attackers may write."""

    def __init__(self, folder: Path) -> None:
        folder.chmod(0o755)
        self.federation = LocalFederation(folder / "federation", (SITE,))
        self._database = folder / "federation" / SITE / "catalog" / "catalog.db"
        self._small = folder / "small.pdb"

    def begin(self) -> None:
        """Start it, deposit what the rows of others are made after, and forget what the database itself refuses."""
        self.federation.__enter__()
        self._small.write_text(PDB)
        with self.federation.connect(MEMBER) as repo:
            first = repo.deposit(self._small, title="The first one").accession
            repo.lifecycle.publish(first, licence="CC0-1.0")
        with open_administration(self.federation.home) as administration:
            administration.catalog.reviewers.add(MEMBER)
        with closing(sqlite3.connect(self._database, timeout=30)) as database, database:
            for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
                database.execute(f"DROP TRIGGER {name}")

    def end(self) -> None:
        """Stop it."""
        self.federation.stop()

    def profile(self, user: str) -> Profile:
        """How a user reads."""
        address = self.federation[SITE].address
        return Profile((address,), self.federation.token(user), authority_text(self.federation.ca))

    def write(self, number: int, texts: Sequence[str], *, submitted: bool) -> Batch:
        """Write a batch into every field."""
        batch = Batch(texts)
        with open_administration(self.federation.home) as administration:
            name = f"hostile_{number}"
            bundle = _bundle(name, texts)
            administration.trust.publish_as_founder([bundle], reviewer=MEMBER)
            batch.method = name
            author = administration.catalog.people.add_principal(f"author-{number}")
            for which in ("reviewed", "refused") if submitted else ():
                begun = administration.catalog.submissions.begin(
                    author.id, _bundle(f"{which}_{number}", texts), site=SITE
                )
                batch.submissions.append(begun.id)
        with closing(sqlite3.connect(self._database, timeout=30)) as database, database:
            writer = _Writer(database, texts)
            batch.records = [writer.record(text, texts if text == texts[0] else texts[:3]) for text in texts]
            writer.review(batch.submissions)
            writer.labels(name)
        return batch


class _Writer:
    """Writes rows in one transaction."""

    def __init__(self, database: sqlite3.Connection, texts: Sequence[str]) -> None:
        self._database, self._texts, self._now = database, texts, time.time()
        self._member: str = self._one("SELECT id FROM principals WHERE name = ?", MEMBER)
        self._digest: str = self._one("SELECT digest FROM files")
        self._facts = json.loads(self._one("SELECT facts FROM files"))

    def record(self, text: str, more: Sequence[str]) -> str:
        """Write a record of two versions, the first one withdrawn, with a text alone and more of them in its lists."""
        owner, project, record, accession = new_id(), new_id(), new_id(), new_accession()
        self._add("principals", id=owner, name=text, created=self._now)
        self._add("projects", id=project, name=text, created=self._now)
        self._add("members", project_id=project, principal_id=self._member)
        self._add("records", id=record, accession=accession, project_id=project, name=text, created=self._now)
        for number, state in ((1, "withdrawn"), (2, "published")):
            version = new_id()
            claims = {text: text, "creators": text, **{one: [one] for one in more}}
            for name in ("simulation_software_name", "force_fields", "water_potential_name", "ensemble_type"):
                claims[name] = text
            self._add(
                "versions", id=version, record_id=record, number=number, is_current=number == 2, state=state,
                title=text, owner_id=owner, created=self._now, claims=json.dumps(claims), licence=text,
                public_from=self._now - 60, withdrawn=self._now if number == 1 else None,
                reason=text if number == 1 else None,
            )  # fmt: skip
            for position, name in enumerate((text, f"a {text}", *more)):
                self._file(version, position, name, text)
            for site in (SITE, text):
                self._add("placements", version_id=version, site=site)
            self._checks(version, text, more)
        self._add("replicas", digest=self._digest, site=text, state="good", generation=1, device=1, inode=1, size=83,
                  mtime_ns=1, ctime_ns=1)  # fmt: skip
        return accession

    def review(self, submissions: Sequence[str]) -> None:
        """Write what a gate and reviewers said."""
        checks = tuple(GateCheck(one, False, one, one, {one: one}) for one in self._texts)
        cases = tuple(CaseReport(one, False, 1.0, 1, 1, True, None, one) for one in self._texts)
        report = GateReport(False, checks, cases, "e" * 64, "b" * 64).to_json()
        for submission, state in zip(submissions, ("in review", "rejected"), strict=False):
            self._database.execute(
                "UPDATE submissions SET state = ?, reason = ?, report = ?, environment_digest = ? WHERE id = ?",
                (state, self._texts[0], report, "e" * 64, submission),
            )
            for text in self._texts:
                self._add("submission_events", id=new_id(), submission_id=submission, principal_id=self._member,
                          what=text, text=text, created=self._now)  # fmt: skip

    def labels(self, method: str) -> None:
        """Write what names keys and tokens, what the health of a method is, and what sites are called."""
        for text in self._texts:
            key = new_id()
            self._add(
                "public_keys",
                id=key,
                principal_id=self._member,
                public=key.encode()[:32],
                label=text,
                created=self._now,
            )
            self._add("tokens", handle=key[-12:], principal_id=self._member, label=text, sha256=key, created=self._now)
            self._add("sites", name=text, address=text, peer_address=text, certificate_digest=text, wall=text,
                      running=0, waiting=0, slots=0, environments="[]", hot_runs=0, cold_runs=0, holders=0,
                      held_bytes=0)  # fmt: skip
        self._add("method_health", method_id=self._one("SELECT id FROM methods WHERE name = ?", method), site=SITE,
                  environment_digest="e" * 64, ok=False, message=self._texts[0], checked=self._now)  # fmt: skip

    def _file(self, version: str, position: int, name: str, text: str) -> None:
        facts = self._facts | {"doubts": [text], "residues": {text: 1}, "title": text, "program": text}
        self._add("files", id=new_id(), version_id=version, position=position, name=name, digest=self._digest, size=83,
                  file_type="PDB" if position else text, facts=json.dumps(facts))  # fmt: skip

    def _checks(self, version: str, text: str, more: Sequence[str]) -> None:
        for one in (text, *more):
            check = new_id()
            findings = json.dumps([asdict(Finding(one, 1, 1, 1.0, 1.0, one))])
            self._add("quality_checks", id=check, version_id=version, file=text, name=f"{one} {check}", site=one,
                      state="failed", message=one, method_version=one, n_findings=1, findings=findings,
                      checked=self._now)  # fmt: skip
            self._add("quality_waivers", check_id=check, principal_id=self._member, reason=one, created=self._now)

    def _one(self, question: str, *values: Any) -> Any:
        return self._database.execute(question, values).fetchone()[0]

    def _add(self, table: str, **row: Any) -> None:
        places = ", ".join("?" * len(row))
        self._database.execute(f"INSERT OR IGNORE INTO {table} ({', '.join(row)}) VALUES ({places})", [*row.values()])


def _bundle(name: str, texts: Sequence[str]) -> Bundle:
    """A method whose author means harm: all that it may say, it says."""
    quoted = [json.dumps(one) for one in texts]
    first, choices = quoted[0], ", ".join(dict.fromkeys(quoted))
    parameters = [f'[parameters.p{n}]\ntype = "str"\ndefault = {one}\ndoc = {one}' for n, one in enumerate(quoted)]
    parameters += [f'[parameters.kind]\ntype = "choice"\nchoices = [{choices}]\ndefault = {first}\ndoc = {first}']
    citations = [f"{{doi = {one}, title = {one}, authors = {one}, year = {one}}}" for one in quoted]
    source = METHOD.format(
        name=name,
        version="1.0.0",
        text=first,
        short=json.dumps(texts[0][:100]),
        authors="[" + ", ".join(f"{{name = {one}}}" for one in quoted) + "]",
        citations=f"[{', '.join(citations)}]",
        parameters="\n".join(parameters),
    )
    code = RETURNS.format(text=repr(texts[0]), texts=repr(list(texts))) + "".join(f"# {one}\n" for one in texts)
    readme = f"# {name}\n\nReference: none.\n\n" + "\n\n".join(texts)
    files = {"method.toml": source, "count.py": code, "README.md": readme, "tests/adk.toml": CASE}
    return read_bundle({path: text.encode() for path, text in files.items()})
