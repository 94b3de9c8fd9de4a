"""What pages of methods show, as plain values: the same for people (templates) and for machines (JSON)."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterable
from typing import Any

from fomrepo.client.method_papers import MethodPapers
from fomrepo.client.repository import Repository
from fomrepo.errors import BundleRefusedError
from fomrepo.model.differences import differences_by_file, schema_differences
from fomrepo.model.golden_cases import GoldenCase, read_golden_cases
from fomrepo.model.health import MethodHealth, badge
from fomrepo.model.methods import MethodSchema, Parameter, version_rank

#: Versions whose changes are listed, the newest ones; and changes of one version.
VERSIONS_LIMIT, CHANGES_LIMIT = 10, 40
#: Bundles that are kept; one has at most 1 MiB.
BUNDLES_KEPT = 100


class PapersShelf:
    """Keeps the papers of methods that somebody read. Threads may share it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: OrderedDict[str, MethodPapers] = OrderedDict()

    def papers(self, repo: Repository, name: str, version: str | None = None) -> MethodPapers:
        """Give the papers of a version, fetched once: the digest says whether they are still the same."""
        digest = repo.method(name, version).digest
        with self._lock:
            known = self._known.get(digest)
        if known is None:
            known = repo.method_papers(name, version)
            with self._lock:
                self._known[digest] = known
                while len(self._known) > BUNDLES_KEPT:
                    self._known.popitem(last=False)
        return known


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


def method_view(repo: Repository, shelf: PapersShelf, name: str, version: str | None) -> dict[str, Any]:
    """Tell all that a method page tells."""
    found = repo.method(name, version)
    schema = found.schema
    papers = shelf.papers(repo, name, schema.version)
    verdicts = [one for one in repo.checks.health() if (one.method, one.version) == (name, schema.version)]
    versions = sorted(repo.method_versions(name), key=version_rank, reverse=True)
    return {
        "name": schema.name,
        "version": schema.version,
        "versions": versions,
        "changes": _changes(repo, shelf, name, versions),
        "digest": found.digest,
        "deprecated": found.deprecated,
        "summary": schema.summary,
        "description": schema.description,
        "readme": papers.readme,
        "inputs": [{"name": one, "accepts": list(kinds)} for one, kinds in schema.inputs],
        "frames": schema.has_frames,
        "parameters": [parameter_view(one) for one in schema.parameters],
        "result": {
            "type": schema.result.type,
            "doc": schema.result.doc,
            "fields": [
                {
                    "name": one.name,
                    "dtype": one.dtype,
                    "dims": list(one.dims),
                    "unit": one.unit,
                    "doc": one.doc,
                    "optional": one.optional,
                }
                for one in schema.result.fields
            ],
        },
        "licence": schema.licence,
        "authors": list(schema.authors),
        "submitted_by": papers.author,
        "signed": [{"reviewer": one.reviewer, "key_id": one.key_id, "when": one.signed} for one in papers.signers],
        "citations": [{key: str(value) for key, value in one.items()} for one in schema.citations],
        "limits": {"memory_mib": schema.limits.memory_mib, "wall_s": schema.limits.wall_s},
        "health": badge(verdicts),
        "checked": [{"site": one.site, "ok": one.ok, "when": one.checked, "message": one.message} for one in verdicts],
        "cases": [_case(one) for one in cases_of(papers)],
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


def cases_of(papers: MethodPapers) -> tuple[GoldenCase, ...]:
    """Golden cases of a method; none if this program cannot read them, which sites could when it was published."""
    try:
        return read_golden_cases(papers.bundle)
    except BundleRefusedError:
        return ()


def _case(one: GoldenCase) -> dict[str, Any]:
    sources = [each.source for each in one.expected] or [f"it must fail by the {one.fails}"]
    return {
        "name": one.name.removeprefix("tests/").removesuffix(".toml").replace("_", " "),
        "data": [each if isinstance(each, str) else each.file for each in one.data],
        "sources": list(dict.fromkeys(sources)),
    }


def _changes(repo: Repository, shelf: PapersShelf, name: str, versions: list[str]) -> list[dict[str, Any]]:
    """What each version changed, newest first; of the first one nothing."""
    found = []
    for number, version in enumerate(versions[:VERSIONS_LIMIT]):
        papers = shelf.papers(repo, name, version)
        before = shelf.papers(repo, name, versions[number + 1]).bundle if number + 1 < len(versions) else None
        lines: list[str] = []
        if before is not None:
            lines += schema_differences(papers.bundle, before)
            lines += [f"{path}: another file" for path, _ in differences_by_file(papers.bundle, before)]
        signed = max((one.signed for one in papers.signers), default=None)
        found.append({"version": version, "published": signed, "changes": lines[:CHANGES_LIMIT]})
    return found


def _health(schema: MethodSchema, verdicts: Iterable[MethodHealth]) -> str:
    return badge([one for one in verdicts if (one.method, one.version) == (schema.name, schema.version)])
