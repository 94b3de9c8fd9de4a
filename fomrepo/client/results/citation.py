"""What to cite for an answer: the method, what it goes back to, the data, the software."""

from __future__ import annotations

import time
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from fomrepo.model.methods import MethodSchema
from fomrepo.model.operations import Provenance


def citation(schema: MethodSchema, provenance: Provenance) -> str:
    """Text with one line for each thing: method, references, records, software."""
    authors = f"{', '.join(schema.authors)}: " if schema.authors else ""
    day = time.strftime("%Y-%m-%d", time.gmtime(provenance.computed))
    named = f"{authors}{schema.name} {schema.version}, {schema.summary.rstrip('.')}"
    lines = [f"Method: {named}. sha256 {provenance.method_digest}"]
    lines += [f"  {_reference(one)}" for one in schema.citations]
    lines += [f"Data: {record}, {name}. sha256 {digest}" for record, name, digest in provenance.inputs]
    lines.append(
        f"Computed on {day} at {provenance.site} by fomrepo {_own_version()}, "
        f"guest environment {schema.environment} (sha256 {provenance.environment_digest})"
    )
    return "\n".join(lines)


def _reference(entry: Mapping[str, Any]) -> str:
    authors, title, year, doi = (str(entry.get(key, "")) for key in ("authors", "title", "year", "doi"))
    parts = [authors, title and f'"{title.rstrip(".")}"', year, doi and f"https://doi.org/{doi}"]
    return ", ".join(part for part in parts if part)


def _own_version() -> str:
    try:
        return version("fomrepo")
    except PackageNotFoundError:  # a checkout that was never installed
        return "of a checkout"
