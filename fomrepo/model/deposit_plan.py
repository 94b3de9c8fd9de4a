"""What is deposited from a folder, and as what: the content of ``fomrepo.toml``, which people read and mend."""

from __future__ import annotations

import datetime
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

import tomli_w

from fomrepo.errors import ArgumentError
from fomrepo.model.files import RecordName, check_file_name, check_slug
from fomrepo.model.metadata import claim_of

#: Name of the file that holds a plan, in the folder that is deposited.
PLAN_NAME = "fomrepo.toml"

#: Who may see the record.
VISIBILITIES = ("private", "public")

#: Longest title of a record, in characters.
TITLE_LIMIT = 300

#: Fields without which nothing is deposited, in the order in which they are asked for, and what to say of each.
COMPULSORY = {
    "title": "what it is, in a sentence",
    "creators": "who made it, as `Ada Lovelace` or `Ada Lovelace (0000-0002-1825-0097)`, separated by semicolons",
    "licence": "what others may do with it, as an SPDX identifier such as CC-BY-4.0 or CC0-1.0",
    "category": "what kind of data it is, such as `equilibrium simulation`; several are separated by semicolons",
}

_ORCID = re.compile(r"\d{4}-\d{4}-\d{4}-\d{3}[\dX]")
_CREATOR = re.compile(rf"(.*?)\s*(?:,?\s*[(<]?(?:https?://orcid\.org/)?({_ORCID.pattern})[)>]?)?\s*")
_LICENCE = re.compile(r"[A-Za-z0-9][A-Za-z0-9.+-]*( (AND|OR|WITH) [A-Za-z0-9][A-Za-z0-9.+-]*)*")
_KEYS = {
    "title", "creators", "licence", "category", "visibility", "embargo_until", "project", "name", "new_version_of",
    "in_place", "files", "metadata",
}  # fmt: skip
_FILE_KEYS, _CREATOR_KEYS = {"name", "topology"}, {"name", "orcid"}


@dataclass(frozen=True, slots=True)
class Creator:
    """Somebody who made the data."""

    name: str
    #: ``0000-0002-1825-0097``; empty: none is known.
    orcid: str = ""

    @classmethod
    def parse(cls, text: str) -> Creator:
        """Read ``Ada Lovelace`` or ``Ada Lovelace (0000-0002-1825-0097)``; a comma before an ORCID is not of the name.

        Raises
        ------
        ArgumentError
            If there is no name, or the ORCID's last digit says that it was mistyped.
        """
        match = _CREATOR.fullmatch(text.strip())
        name, orcid = (match[1], match[2] or "") if match else ("", "")
        if not name or not name.isprintable() or re.search(r"\d{4}-\d{4}", name):
            raise ArgumentError(f"{text[:80]!r} names nobody", remedy=f"write {COMPULSORY['creators']}")
        if orcid and not _is_orcid(orcid):
            raise ArgumentError(f"{orcid} is no ORCID: its last digit does not fit", remedy="see orcid.org for yours")
        return cls(name, orcid)

    def __str__(self) -> str:
        """Spell it as it is read."""
        return f"{self.name} ({self.orcid})" if self.orcid else self.name


@dataclass(frozen=True, slots=True)
class PlannedFile:
    """A file of the folder that is to be deposited."""

    name: str
    #: Name of the file of the same plan that says what its atoms are; empty: it needs none.
    topology: str = ""
    #: What was found in it, for people; empty: nobody has looked.
    remark: str = ""


@dataclass(frozen=True, slots=True)
class DepositPlan:
    """All that ``fomrepo.toml`` says. What is empty was not said."""

    files: tuple[PlannedFile, ...]
    title: str = ""
    creators: tuple[Creator, ...] = ()
    #: SPDX expression.
    licence: str = ""
    category: tuple[str, ...] = ()
    #: One of :data:`VISIBILITIES`.
    visibility: str = "private"
    #: Day, in UTC, on which a public record becomes visible to all; None: at once.
    embargo_until: datetime.date | None = None
    #: Empty: the depositor's own.
    project: str = ""
    #: Name in the project; empty: made from the title.
    name: str = ""
    #: Record that gets a new version; empty: a record of its own.
    new_version_of: str = ""
    #: Whether the files stay where they lie, on the site's own machine.
    in_place: bool = False
    #: What files do not say, under global names or any others.
    metadata: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def parse(cls, text: str) -> DepositPlan:
        """Read the text of a ``fomrepo.toml``.

        Raises
        ------
        ArgumentError
            Naming the key that is wrong, and how it is written.
        """
        try:
            read = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise ArgumentError(f"{PLAN_NAME} is not valid TOML: {error}", remedy=f"mend {PLAN_NAME}") from None
        _refuse_unknown(read, _KEYS)
        metadata = read.get("metadata", {})
        if not isinstance(metadata, dict):
            raise _wrong("metadata", "is a table: [metadata]")
        embargo = read.get("embargo_until")
        if embargo is not None and (not isinstance(embargo, datetime.date) or isinstance(embargo, datetime.datetime)):
            raise _wrong("embargo_until", "is a day without quotes, such as 2027-01-31")
        in_place = read.get("in_place", False)
        if not isinstance(in_place, bool):
            raise _wrong("in_place", "is true or false")
        plan = cls(
            files=tuple(_file(one) for one in _tables(read, "files")),
            title=_text(read, "title").strip(),
            creators=tuple(_creator(one) for one in _tables(read, "creators")),
            licence=_text(read, "licence"),
            category=_texts(read, "category"),
            visibility=_text(read, "visibility") or "private",
            embargo_until=embargo,
            project=_text(read, "project"),
            name=_text(read, "name"),
            new_version_of=_text(read, "new_version_of"),
            in_place=in_place,
            metadata=metadata,
        )
        plan.check()
        return plan

    def check(self) -> None:
        """Check what is there; what is missing is another matter.

        Raises
        ------
        ArgumentError
            Naming the key that is wrong.
        """
        if len(self.title) > TITLE_LIMIT or not self.title.isprintable():
            raise _wrong("title", f"is one line of at most {TITLE_LIMIT} characters")
        if self.licence and not _LICENCE.fullmatch(self.licence):
            raise _wrong("licence", "is an SPDX identifier, such as CC-BY-4.0")
        if self.visibility not in VISIBILITIES:
            raise _wrong("visibility", f"is one of {', '.join(VISIBILITIES)}")
        if self.embargo_until is not None and self.visibility != "public":
            raise _wrong("embargo_until", 'says when a record becomes public: set visibility = "public" as well')
        if self.project:
            check_slug(self.project, "project")
        if self.name:
            check_slug(self.name, "record")
        if self.new_version_of:
            RecordName.parse(self.new_version_of)
            if self.project or self.name:
                raise _wrong("new_version_of", "goes without project and name, which a new version does not change")
        names = [check_file_name(one.name).lower() for one in self.files]
        if twice := next((one for place, one in enumerate(names) if one in names[:place]), None):
            raise _wrong("files", f"names {twice} twice")
        for one in self.files:
            paired = next((other for other in self.files if other.name == one.topology), None)
            if one.topology and (paired is None or paired.topology or paired is one):
                raise _wrong("files", f"pairs {one.name} with {one.topology!r}, which is no topology of this folder")
        for name, value in self.metadata.items():
            try:
                claim_of(name, value)
            except ArgumentError as error:
                raise _wrong(f"metadata.{name}", f"cannot be {value!r}: {error.message}") from None

    def missing(self) -> tuple[str, ...]:
        """Compulsory fields that were not said."""
        return tuple(key for key in COMPULSORY if not getattr(self, key))

    def claims(self) -> dict[str, Any]:
        """What the depositor says of the record, apart from what its files say."""
        said = {"creators": [str(one) for one in self.creators], "licence": self.licence}
        return {**said, "category": list(self.category), **self.metadata}

    def to_text(self) -> str:
        """Write it with comments, so that people can mend it."""
        lines = [
            "# What is deposited from this folder, and as what: fomrepo deposit check | push | submit | status DIR",
            "# docs/depositing.md explains each key. A line that begins with # says nothing to fomrepo.",
            "",
            _line("title", self.title),
            _line("licence", self.licence) + "  # an SPDX identifier",
            _line("category", list(self.category)),
            _line("visibility", self.visibility) + '  # "private": members of the project; "public": everybody',
            *_optional("embargo_until", self.embargo_until, "2027-01-31", "until then, a public record is private"),
            *_optional("project", self.project, '"my-group"', "whose members see it; your own one if not given"),
            *_optional("name", self.name, '"adk-equilibrium"', "its name there; made from the title if not given"),
            *_optional("new_version_of", self.new_version_of, '"FOM-402917"', "record that gets a new version"),
            *_optional("in_place", self.in_place, "true", "copy nothing: on the site's own machine, files can stay"),
        ]
        for creator in self.creators:
            lines += ["", "[[creators]]", _line("name", creator.name)]
            lines += _optional("orcid", creator.orcid, '"0000-0002-1825-0097"', "if there is one")
        for one in self.files:
            lines += ["", "[[files]]", _line("name", one.name) + (f"  # {one.remark}" if one.remark else "")]
            lines += [_line("topology", one.topology)] if one.topology else []
        lines += [
            "",
            '# What the files do not say. Quantities carry their unit, as in temperature = "300 K"; names of your own',
            "# are kept as they are.",
            *(tomli_w.dumps({"metadata": dict(self.metadata)}).splitlines() or ["[metadata]"]),
        ]
        return "\n".join(lines) + "\n"


def _is_orcid(text: str) -> bool:
    """Whether the last digit is the checksum of the others (ISO 7064, MOD 11-2)."""
    total = 0
    for digit in text.replace("-", "")[:15]:
        total = (total + int(digit)) * 2
    return "0123456789X"[(12 - total % 11) % 11] == text[-1]


def _refuse_unknown(table: Mapping[str, Any], known: set[str], within: str = "") -> None:
    """Refuse a key that means nothing: a mistyped ``topology`` would leave a trajectory without one."""
    for key in sorted(set(table) - known):
        close = get_close_matches(key, known, n=1)
        keys = f"it has {', '.join(sorted(known))}" if within else "what the files do not say stands under [metadata]"
        hint = f"did you mean {close[0]}?" if close else keys
        raise _wrong(f"{within}.{key}" if within else key, f"means nothing; {hint}")


def _file(table: Mapping[str, Any]) -> PlannedFile:
    _refuse_unknown(table, _FILE_KEYS, "files")
    return PlannedFile(_text(table, "name", "files"), _text(table, "topology", "files"))


def _creator(table: Mapping[str, Any]) -> Creator:
    _refuse_unknown(table, _CREATOR_KEYS, "creators")
    orcid = _text(table, "orcid", "creators")
    return Creator.parse(f"{_text(table, 'name', 'creators')} ({orcid})" if orcid else _text(table, "name", "creators"))


def _tables(read: Mapping[str, Any], key: str) -> Sequence[Mapping[str, Any]]:
    found = read.get(key, [])
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise _wrong(key, f"is written as tables: [[{key}]]")
    return found


def _text(read: Mapping[str, Any], key: str, within: str = "") -> str:
    found = read.get(key, "")
    if not isinstance(found, str):
        raise _wrong(f"{within}.{key}" if within else key, "is a text in quotes")
    return found


def _texts(read: Mapping[str, Any], key: str) -> tuple[str, ...]:
    found = read.get(key, [])
    listed = [found] if isinstance(found, str) else found
    if not isinstance(listed, list) or not all(isinstance(one, str) and one.strip() for one in listed):
        raise _wrong(key, 'is a list of texts, such as ["equilibrium simulation"]')
    return tuple(one.strip() for one in listed)


def _wrong(key: str, what: str) -> ArgumentError:
    return ArgumentError(f"{key} in {PLAN_NAME} {what}", remedy=f"mend {key} in {PLAN_NAME}", facts={"key": key})


def _line(key: str, value: object) -> str:
    if isinstance(value, list):  # which tomli_w spreads over several lines
        return f"{key} = [{', '.join(_line('x', one).removeprefix('x = ') for one in value)}]"
    return tomli_w.dumps({key: value}).rstrip()


def _optional(key: str, value: object, example: str, remark: str) -> list[str]:
    return [_line(key, value)] if value else [f"# {key} = {example}  # {remark}"]
