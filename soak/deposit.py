"""Damaged files and hostile names: nothing that is deposited ends a site, hangs, or is taken for what it is not."""

from __future__ import annotations

import random
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from fomrepo.client.repository import Repository
from fomrepo.errors import ArgumentError, FileRefusedError
from fomrepo.testing import LocalFederation
from fomrepo.testing.file_prober import FileProber, Probed
from fomrepo.testing.file_type_contract import COUNTED, FileSample, FileTypeContract
from soak.campaign import Campaign, Found, Judgement, Trial
from soak.figures import percentile
from tests.contract import test_shipped_types

#: Trials of names come first; all others are of files. In the short form there are fewer of them.
NAMES, SHORT_NAMES = 200, 40
FILES, SHORT_FILES = 10_000, 300
#: One file in so many is deposited at a site, too: it decides as the probes did that were asked without a wall.
SITE_EVERY = 100
#: What may be taken for a file: the limit of whoever probes it here, and some seconds to open it.
LIMIT_S = 45.0

#: Numbers that readers multiply by something.
EXTREMES = (
    b"\xff" * 4,
    b"\x7f\xff\xff\xff",
    b"\xff\xff\xff\x7f",
    b"\x00" * 4,
    b"\x80\x00\x00\x00",
    b"\x01\x00\x00\x00",
)
#: Parts of names that mean something to a shell, a browser, a file system or a terminal.
PIECES = (
    "..", "/", "\\", "\0", "\n", "\r", "\x1b[2J", "\u202e", "\u200b", ".", "~", "$(id)", "`id`", ";rm -rf *", "|",
    "%2e%2e%2f", "<script>alert(1)</script>", "'; DROP TABLE files; --", "{{7*7}}", "%s%n", "CON", "aux.psf", "nul:",
    "-rf", "--help", "\u0041\u030a", "\uff41", "\U0001f9ec", "a" * 300, " ", "*", "?", "\x7f", "con ", "/etc/passwd",
    "file:///etc/passwd", "\u00e9",
)  # fmt: skip


@dataclass(frozen=True)
class Kind:
    """A file type with a good file of it."""

    name: str
    suffix: str
    content: bytes
    topology: Path | None
    topology_type: str
    paired: Mapping[str, Any] | None
    facts: Mapping[str, Any]


class Desk:
    """What trials need: good files of all types, somebody who probes, and a site."""

    def __init__(self, folder: Path, prober: FileProber, repo: Repository, federation: LocalFederation) -> None:
        self.folder, self.prober, self.repo, self.federation = folder, prober, repo, federation
        self.pid = federation["site-a"].pid
        self.kinds = [self._kind(one) for one in _contracts()]

    def _kind(self, contract: type[FileTypeContract]) -> Kind:
        place = self.folder / contract.type_name
        place.mkdir()
        sample: FileSample = contract.make_samples(place)[0]
        paired = None
        if sample.paired_atoms is not None:
            paired = {"type": "PSF", "name": "paired.psf", "n_atoms": sample.paired_atoms}
        found = self.prober.probe(sample.path, sample.path.name, paired)
        known = (
            "" if sample.topology is None else self.prober.probe(sample.topology, sample.topology.name).facts["type"]
        )
        content = sample.path.read_bytes()
        return Kind(contract.type_name, sample.path.suffix, content, sample.topology, known, paired, found.facts)

    def name(self, draw: random.Random) -> Found:
        """Deposit a file under a hostile name."""
        pieces = draw.choices(PIECES, k=draw.randint(1, 3))
        name = draw.choice(("", "adk")) + "".join(pieces) + draw.choice(("", ".csv"))
        before = _listing(self.federation.home)
        try:
            self.repo._connection.ask(lambda site: site.deposits.Begin, _begin(name))
            said = "taken"
        except ArgumentError as error:
            said = "refused" if error.remedy or "NUL" in error.message else "refused without a remedy"
        except Exception as error:
            said = f"{type(error).__name__}: {error}"[:200]
        return {
            "what": "name",
            "name": ascii(name)[:80],
            "said": said,
            "left": sorted(_listing(self.federation.home) - before),
        }

    def file(self, number: int, draw: random.Random) -> Found:
        """Probe a damaged file, and open it if it is accepted."""
        kind = self.kinds[number % len(self.kinds)]
        path = self.prober.folder / f"damaged{kind.suffix}"
        damage, content = damaged(kind.content, draw)
        path.write_bytes(content)
        began = time.monotonic()
        probed = self.prober.probe(path, path.name, kind.paired)
        if probed.status == "failed" and "more memory" in probed.message:  # which a sandbox ends
            probed = replace(probed, status="ended")
        found: Found = {"what": "file", "type": kind.name, "damage": damage, "status": probed.status}
        if probed.status == "ok":
            found["wrong"] = self._disagreements(kind, path, probed)
            found["as before"] = probed.facts == kind.facts
            found["doubted"] = bool(probed.facts.get("doubts"))
        elif probed.status == "failed":
            found["message"] = probed.message[:300]
        found["took_s"] = round(time.monotonic() - began, 2)
        if number % SITE_EVERY == 0 and content:
            found["site"] = self._deposited(kind, path)
        return found

    def _disagreements(self, kind: Kind, path: Path, probed: Probed) -> list[str]:
        """What its facts state otherwise than what is read from it; nothing is read of what cannot be opened."""
        family = probed.facts["families"][0]
        file = {"role": family, "type": probed.facts["type"], "path": str(path), "name": path.name}
        files: tuple[Mapping[str, Any], ...] = (file,)
        if probed.offsets is not None:
            offsets = self.prober.folder / "offsets"
            offsets.write_bytes(probed.offsets)
            file["offsets"] = str(offsets)
        if kind.topology is not None:
            path, known = kind.topology, kind.topology_type
            topology = {"role": "topology", "type": known, "path": str(path), "name": path.name}
            files = (topology, file)
        opened = self.prober.open(family, files)
        stated = dict(probed.facts) | ({"n_frames": 1} if family == "structure" else {})
        if "columns" in stated:
            stated["columns"] = [column["name"] for column in stated["columns"]]
        if "error" in opened:
            return []
        return [
            f"{key}: {stated[key]!r}, opened {opened[key]!r}"
            for key in COUNTED
            if key in stated and key in opened and stated[key] != opened[key]
        ]

    def _deposited(self, kind: Kind, path: Path) -> str:
        """Deposit it at the site; says what the site said."""
        paths = (path,) if kind.topology is None or kind.topology.suffix == kind.suffix else (kind.topology, path)
        try:
            self.repo.deposit(*paths, title=f"damaged {time.time_ns()}")
            return "accepted"
        except (FileRefusedError, ArgumentError) as error:
            return f"refused: {error.facts.get('reason', 'argument')}"
        except Exception as error:
            return f"{type(error).__name__}: {error}"[:200]


def damaged(content: bytes, draw: random.Random) -> tuple[str, bytes]:
    """Damage a file in one of some ways, near its beginning most, where headers are."""
    how = draw.choice(("bytes", "bytes", "number", "cut", "insert", "repeat", "zeros", "swap", "append"))
    at = int(len(content) * draw.random() ** draw.choice((1, 4)))
    some = draw.randint(1, 64)
    changed = bytearray(content)
    if how == "bytes":
        for _ in range(draw.randint(1, 8)):
            changed[int(len(changed) * draw.random() ** draw.choice((1, 4)))] = draw.randrange(256)
    elif how == "number":
        changed[at & ~3 : (at & ~3) + 4] = draw.choice(EXTREMES)
    elif how == "cut":
        del changed[max(1, at) :]
    elif how == "insert":
        changed[at:at] = draw.randbytes(some)
    elif how == "repeat":
        changed[at:at] = changed[at : at + some]
    elif how == "zeros":
        changed[at : at + some] = bytes(len(changed[at : at + some]))
    elif how == "swap":
        other = draw.randrange(len(changed))
        first, second = bytes(changed[at : at + some]), bytes(changed[other : other + some])
        changed[at : at + len(second)], changed[other : other + len(first)] = second, first
    else:
        changed += draw.randbytes(some)
    return how, bytes(changed)


@contextmanager
def prepare() -> Iterator[Trial]:
    """Start a site and whoever probes; a trial is a name or a file."""
    with ExitStack() as end:
        folder = Path(end.enter_context(tempfile.TemporaryDirectory(prefix="fomrepo-soak-")))
        folder.chmod(0o755)
        federation = end.enter_context(LocalFederation(folder / "federation", sites=("site-a",), slots=2))
        repo = end.enter_context(federation.connect("alice"))
        prober = FileProber()
        end.callback(prober.close)
        (folder / "files").mkdir()
        desk = Desk(folder / "files", prober, repo, federation)

        def trial(number: int, draw: random.Random) -> Found:
            found = (
                desk.name(draw)
                if number < SHORT_NAMES or FILES <= number < FILES + NAMES - SHORT_NAMES
                else desk.file(number, draw)
            )
            return {**found, "site lives": federation["site-a"].runs and federation["site-a"].pid == desk.pid}

        yield trial


def judge(found: list[Found], short: bool) -> Judgement:
    """Name what was broken: the site, a limit, a fact, a name."""
    files = [one for one in found if one["what"] == "file"]
    names = [one for one in found if one["what"] == "name"]
    broken = [f"the site died at trial {number}: {one}" for number, one in enumerate(found) if not one["site lives"]][
        :1
    ]
    broken += [
        f"{one['type']}, {one['damage']}: accepted with false facts: {one['wrong']}"
        for one in files
        if one.get("wrong")
    ]
    broken += [
        f"{one['type']}, {one['damage']}: its probe raised: {one['message']}"
        for one in files
        if one["status"] == "failed"
    ]
    broken += [f"{one['type']}, {one['damage']}: took {one['took_s']} s" for one in files if one["took_s"] > LIMIT_S]
    broken += [
        f"{one['type']}, {one['damage']}: the site said {one['site']}"
        for one in files
        if "Error" in one.get("site", "")
    ]
    broken += [
        f"the name {one['name']}: {one['said']}, left {one['left']}"
        for one in names
        if one["said"] not in ("refused", "taken") or one["left"]
    ]
    accepted = [one for one in files if one["status"] == "ok"]
    figures: dict[str, float | int | str] = {
        "files": len(files),
        "of types": len({one["type"] for one in files}),
        "refused": sum(one["status"] == "refused" for one in files),
        "ended their process, which a sandbox holds": sum(one["status"] == "ended" for one in files),
        "accepted, with the facts of the undamaged file": sum(one["as before"] for one in accepted),
        "accepted with a doubt": sum(one["doubted"] for one in accepted),
        "accepted with other facts, as the file itself says": sum(
            not one["as before"] and not one["doubted"] for one in accepted
        ),
        "deposited at a site": sum("site" in one for one in files),
        "longest, s": percentile([one["took_s"] for one in files], 100),
        "names": len(names),
        "names refused": sum(one["said"] == "refused" for one in names),
    }
    return Judgement(figures, broken)


def _contracts() -> Sequence[type[FileTypeContract]]:
    every = [
        one for one in vars(test_shipped_types).values() if isinstance(one, type) and issubclass(one, FileTypeContract)
    ]
    return sorted((one for one in every if one is not FileTypeContract), key=lambda one: one.type_name)


def _begin(name: str) -> Any:
    from fomrepo.model.canonical import new_id
    from fomrepo.wire.v1 import deposits_pb2

    title = f"named {new_id()}"
    return deposits_pb2.BeginDepositRequest(
        idempotency_key=new_id(), title=title, files=[deposits_pb2.FileToCome(name=name, size=8)]
    )


def _listing(home: Path) -> set[str]:
    """Files of a site's home, but for databases and logs, which come and go."""
    return {
        str(one.relative_to(home))
        for one in home.rglob("*")
        if one.is_file() and "catalog" not in one.parts and one.suffix not in (".log", ".json", ".new")
    }


CAMPAIGN = Campaign(
    promise="No damaged file and no hostile name ends a site, hangs it, or is accepted with facts that are not so.",
    count=FILES + NAMES,
    short_count=SHORT_FILES + SHORT_NAMES,
    prepare=prepare,
    judge=judge,
)
