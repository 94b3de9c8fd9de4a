"""Guest: the probe of XML: topologies of HOOMD-blue 1, and systems, states, force fields and integrators of OpenMM.

Of these MDAnalysis reads HOOMD's alone; OpenMM's are texts to methods. Entities and document types are refused.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from xml.parsers import expat

from deposition.report import Deposited, Report, Topology, empty, facts, truncated, unreadable

TYPE = "XML"
FAMILIES = ("topology", "text")
SUFFIXES = (".xml",)
DEPTH_LIMIT = 64
ATTRIBUTES_LIMIT = 100
CHUNK_BYTES = 1 << 16
TEXT_LIMIT_BYTES = 1 << 28  # of one element of HOOMD's, which holds a line for each atom
OPENMM = ("System", "State", "ForceField", "Integrator")
_HEAD = re.compile(rb"(?:\xef\xbb\xbf)?\s*<(?:\?xml|!--|[A-Za-z_])")
_PARTS = {"type": "types", "mass": "masses", "charge": "charges", "bond": "bonds"}  # of HOOMD's configuration


@dataclass(slots=True)
class _Reading:
    """What was found so far."""

    file: Deposited
    path: list[str] = field(default_factory=list)
    root: str = ""
    version: str = ""
    stated_atoms: str = ""
    particles: int = 0
    texts: dict[str, list[str]] = field(default_factory=dict)
    text_bytes: int = 0

    def begin(self, name: str, attributes: dict[str, str]) -> None:
        """Enter an element."""
        self.path.append(name)
        if len(self.path) > DEPTH_LIMIT or len(attributes) > ATTRIBUTES_LIMIT:
            raise unreadable(
                self.file, f"its elements are more than {DEPTH_LIMIT} deep, or one has too many attributes"
            )
        if len(self.path) == 1:
            self.root, self.version = name, attributes.get("version", attributes.get("openmmVersion", ""))
        elif self.path == ["hoomd_xml", "configuration"]:
            self.stated_atoms = attributes.get("natoms", "")
        elif self.path in (["System", "Particles", "Particle"], ["State", "Positions", "Position"]):
            self.particles += 1
        if len(self.path) == 3 and self.path[:2] == ["hoomd_xml", "configuration"] and name in _PARTS:
            self.texts[name] = []

    def end(self, name: str) -> None:
        """Leave an element."""
        self.path.pop()

    def text(self, text: str) -> None:
        """Keep the text of what HOOMD says of its atoms."""
        if len(self.path) == 3 and self.root == "hoomd_xml" and self.path[2] in self.texts:
            self.text_bytes += len(text)
            if self.text_bytes > TEXT_LIMIT_BYTES:
                raise unreadable(self.file, f"its elements hold more than {TEXT_LIMIT_BYTES} bytes of text")
            self.texts[self.path[2]].append(text)


def looks_like(head: bytes) -> bool:
    """Tell whether an element begins."""
    return _HEAD.match(head) is not None


def probe(file: Deposited, topology: Topology | None) -> Report:
    """Check one XML and read what it is."""
    found = _parsed(file)
    if found.root == "hoomd_xml":
        return _hoomd(file, found)
    if found.root not in OPENMM:
        raise unreadable(file, f"its root is <{found.root[:40]}>; known are hoomd_xml and OpenMM's {', '.join(OPENMM)}")
    return Report(
        facts(
            type=TYPE,
            families=("text",),
            n_atoms=found.particles or None,
            program={"name": "OpenMM", "version": found.version[:80]},
            content=found.root,
            doubts=[],
        )
    )


def _hoomd(file: Deposited, found: _Reading) -> Report:
    if not found.stated_atoms.isdecimal() or len(found.stated_atoms) > 12 or int(found.stated_atoms) == 0:
        raise empty(file, f"states {found.stated_atoms[:40]!r} atoms")
    n_atoms = int(found.stated_atoms)
    counts = {name: "".join(parts).strip().count("\n") + 1 for name, parts in found.texts.items()}
    if "type" not in counts:
        raise empty(file, "has no types of atoms")
    for name in ("type", "mass", "charge"):
        if name in counts and counts[name] != n_atoms:
            raise unreadable(file, f"it has {counts[name]} {_PARTS[name]} for {n_atoms} atoms")
    return Report(
        facts(
            type=TYPE,
            families=("topology",),
            n_atoms=n_atoms,
            has=[_PARTS[name] for name in ("mass", "charge", "bond") if "".join(found.texts.get(name, [])).strip()],
            program={"name": "HOOMD-blue", "version": found.version[:80]},
            content=found.root,
            doubts=["lengths, masses and charges are in the units of the simulation"],
        )
    )


def _parsed(file: Deposited) -> _Reading:
    """Read the file in pieces; nothing is expanded, nothing fetched."""
    found = _Reading(file)
    parser = expat.ParserCreate()
    parser.StartElementHandler = found.begin
    parser.EndElementHandler = found.end
    parser.CharacterDataHandler = found.text
    parser.StartDoctypeDeclHandler = _refuse(file, "a document type")
    parser.EntityDeclHandler = _refuse(file, "entities")
    parser.ExternalEntityRefHandler = _refuse(file, "external entities")
    parser.ProcessingInstructionHandler = None
    try:
        with open(file.path, "rb") as stream:
            while piece := stream.read(CHUNK_BYTES):
                parser.Parse(piece, False)
            parser.Parse(b"", True)
    except (expat.ExpatError, UnicodeError, LookupError) as error:
        reason = str(error)[:200]
        if (
            getattr(error, "code", 0) in (3, 5, 20) and not piece
        ):  # no element, unclosed token, unclosed CDATA at the end
            raise truncated(file, reason) from error
        raise unreadable(file, f"it is no well-formed XML: {reason}") from error
    return found


def _refuse(file: Deposited, what: str) -> object:
    def handler(*_: object) -> None:
        raise unreadable(file, f"it declares {what}; write it without")

    return handler
