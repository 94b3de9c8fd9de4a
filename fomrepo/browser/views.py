"""What pages tell of methods and sites, as plain values: the same for people (templates) and for machines (JSON)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from fomrepo.browser.listed import is_public
from fomrepo.client.record import Record
from fomrepo.client.repository import Repository
from fomrepo.errors import NotFoundError
from fomrepo.model.files import RecordName
from fomrepo.model.health import MethodHealth, badge
from fomrepo.model.methods import MethodSchema, Parameter, version_rank


def readable_record(repo: Repository, name: str, *, visitor: bool) -> Record:
    """Fetch a record that whoever looks may see.

    A visitor's principal is a member of no project; should somebody have made it one, nothing private is shown for it.

    Raises
    ------
    NotFoundError
        Alike for what does not exist and for what they may not see.
    """
    record = repo[str(RecordName.parse(name))]
    if visitor and not is_public(record):
        raise NotFoundError(f"no record {name} that everybody may see")
    return record


def methods_view(repo: Repository) -> list[dict[str, Any]]:
    """Tell of each published method what a list shows."""
    verdicts = repo.checks.health()
    return [
        {
            "name": one.schema.name,
            "version": one.schema.version,
            "summary": one.schema.summary,
            "accepts": one.schema.accepted(),
            "result": one.schema.result.type,
            "deprecated": one.deprecated,
            "health": _health(one.schema, verdicts),
        }
        for one in repo.methods()
    ]


def method_view(repo: Repository, name: str, version: str | None) -> dict[str, Any]:
    """Tell all that a method page tells."""
    versions = repo.method_versions(name)
    found = repo.method(name, version)
    schema = found.schema
    return {
        "name": schema.name,
        "version": schema.version,
        "versions": sorted(versions, key=version_rank, reverse=True),
        "digest": found.digest,
        "deprecated": found.deprecated,
        "summary": schema.summary,
        "description": schema.description,
        "inputs": [{"name": one, "accepts": list(kinds)} for one, kinds in schema.inputs],
        "frames": schema.has_frames,
        "parameters": [parameter_view(one) for one in schema.parameters],
        "result": {
            "type": schema.result.type,
            "doc": schema.result.doc,
            "fields": [
                {"name": one.name, "dtype": one.dtype, "dims": list(one.dims), "unit": one.unit, "doc": one.doc}
                for one in schema.result.fields
            ],
        },
        "licence": schema.licence,
        "authors": list(schema.authors),
        "citations": [{key: str(value) for key, value in one.items()} for one in schema.citations],
        "limits": {"memory_mib": schema.limits.memory_mib, "wall_s": schema.limits.wall_s},
        "health": _health(schema, repo.checks.health()),
    }


def parameter_view(one: Parameter) -> dict[str, Any]:
    """Tell what a parameter takes."""
    return {
        "name": one.name,
        "type": f"list of {one.items}" if one.type == "list" else one.type,
        "doc": one.doc,
        "required": one.required,
        "optional": one.optional,
        "default": one.default,
        "min": one.min,
        "max": one.max,
        "choices": list(one.choices),
        "unit": one.unit,
    }


def sites_view(repo: Repository) -> list[dict[str, Any]]:
    """Tell of each site whether it is up, what it can run and how busy it is."""
    return [
        {
            "name": one.name,
            "up": one.up,
            "wall": one.wall,
            "running": one.running,
            "waiting": one.waiting,
            "slots": one.slots,
        }
        for one in repo.sites()
    ]


def _health(schema: MethodSchema, verdicts: Iterable[MethodHealth]) -> str:
    return badge([one for one in verdicts if (one.method, one.version) == (schema.name, schema.version)])
