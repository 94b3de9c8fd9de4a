"""How a record is cited: in the formats that reference managers and search engines read. Pure functions."""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

#: What TeX and BibTeX give a meaning to, spelt so that they show it.
_TEX = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#", "%": r"\%", "_": r"\_",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Citable:
    """What a citation says of a version of a record."""

    #: ``FOM-402917.v1``.
    versioned: str
    title: str
    creators: tuple[str, ...]
    #: Name of the federation.
    publisher: str
    published: datetime.date
    #: SPDX expression.
    licence: str
    #: Address of its page.
    url: str
    version: int
    keywords: tuple[str, ...] = ()


def plain(one: Citable) -> str:
    """Spell it as a sentence for a list of references."""
    names = ", ".join(one.creators)
    return f"{names} ({one.published.year}): {one.title}. Version {one.version}. {one.publisher}. {one.url}"


def bibtex(one: Citable) -> str:
    """Spell it for BibTeX."""
    fields = {
        "author": " and ".join(f"{{{_tex(name)}}}" for name in one.creators),
        "title": f"{{{_tex(one.title)}}}",
        "year": str(one.published.year),
        "version": str(one.version),
        "publisher": _tex(one.publisher),
        "howpublished": f"\\url{{{one.url}}}",
        "note": f"{one.versioned}, {_tex(one.licence)}",
    }
    rows = ",\n".join(f"  {name} = {{{value}}}" for name, value in fields.items())
    return f"@misc{{{one.versioned},\n{rows}\n}}\n"


def ris(one: Citable) -> str:
    """Spell it for RIS."""
    rows = [
        ("TY", "DATA"),
        *(("AU", name) for name in one.creators),
        ("TI", one.title),
        ("PY", str(one.published.year)),
        ("DA", one.published.strftime("%Y/%m/%d")),
        ("ET", str(one.version)),
        ("PB", one.publisher),
        ("ID", one.versioned),
        ("UR", one.url),
        *(("KW", word) for word in one.keywords),
        ("ER", ""),
    ]
    return "".join(f"{tag}  - {_line(value)}\r\n" for tag, value in rows)


def csl(one: Citable) -> dict[str, Any]:
    """Give it as an item of CSL-JSON."""
    day = one.published
    return {
        "id": one.versioned,
        "type": "dataset",
        "title": one.title,
        "author": [{"literal": name} for name in one.creators],
        "issued": {"date-parts": [[day.year, day.month, day.day]]},
        "publisher": one.publisher,
        "version": str(one.version),
        "URL": one.url,
    }


def datacite(one: Citable) -> dict[str, Any]:
    """Give it as DataCite's schema 4 has it; the identifier is an address, because no DOI was registered."""
    return {
        "identifiers": [{"identifier": one.url, "identifierType": "URL"}],
        "alternateIdentifiers": [{"alternateIdentifier": one.versioned, "alternateIdentifierType": "accession"}],
        "creators": [{"name": name} for name in one.creators],
        "titles": [{"title": one.title}],
        "publisher": {"name": one.publisher},
        "publicationYear": one.published.year,
        "dates": [{"date": one.published.isoformat(), "dateType": "Available"}],
        "version": str(one.version),
        "types": {"resourceTypeGeneral": "Dataset", "resourceType": "Molecular dynamics trajectory"},
        "subjects": [{"subject": word} for word in one.keywords],
        "rightsList": [{"rightsIdentifier": one.licence, "rightsIdentifierScheme": "SPDX"}],
        "schemaVersion": "http://datacite.org/schema/kernel-4",
    }


def schema_org(one: Citable, files: tuple[Mapping[str, Any], ...]) -> dict[str, Any]:
    """Give it as schema.org's Dataset; files have ``name``, ``size`` in bytes and ``sha256``."""
    return {
        "@context": "https://schema.org",
        "@type": "Dataset",
        "@id": one.url,
        "identifier": one.versioned,
        "url": one.url,
        "name": one.title,
        "creator": [{"@type": "Person", "name": name} for name in one.creators],
        "publisher": {"@type": "Organization", "name": one.publisher},
        "datePublished": one.published.isoformat(),
        "license": f"https://spdx.org/licenses/{one.licence}" if one.licence else None,
        "version": str(one.version),
        "keywords": list(one.keywords),
        "isAccessibleForFree": True,
        "distribution": [
            {
                "@type": "DataDownload",
                "name": file["name"],
                "contentSize": f"{file['size']} B",
                "sha256": file["sha256"],
            }
            for file in files
        ],
    }


def _tex(text: str) -> str:
    return "".join(_TEX.get(one, one) for one in _line(text))


def _line(text: str) -> str:
    """Return a text without line ends and other marks that would begin a field of its own."""
    return re.sub(r"[\x00-\x1f\x7f\u2028\u2029]+", " ", text)
