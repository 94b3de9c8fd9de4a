"""What can be seen of a bundle without running it: documentation, coverage, imports, and the version before it."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from fomrepo.model.gate_report import GateCheck
from fomrepo.model.golden_cases import GoldenCase
from fomrepo.model.methods import Bundle, MethodSchema, version_rank

#: A README shorter than this, headings aside, says neither what is computed nor where it comes from.
README_CHARACTERS = 80

_IMPORT = re.compile(rb"^[ \t]*(?:from|import)[ \t]+([A-Za-z_][A-Za-z0-9_]*)", re.MULTILINE)


def check_documentation(bundle: Bundle) -> GateCheck:
    """Each field says what it is, somebody answers for the method, and its README says what it computes."""
    schema = bundle.schema
    missing = [f"result.fields.{one.name}.doc" for one in schema.result.fields if not one.doc.strip()]
    missing += [key for key, there in (("authors", schema.authors), ("licence", schema.licence)) if not there]
    readme = bundle.files.get("README.md", b"").decode(errors="replace")
    text = "".join(line for line in readme.splitlines() if not line.startswith("#"))
    if len(text.strip()) < README_CHARACTERS:
        missing.append("README.md")
    if missing:
        return GateCheck(
            "documentation",
            False,
            f"nothing is said in {', '.join(missing)}",
            "say what each field is; README.md: what it computes, the formula, the reference",
            {"missing": missing},
        )
    remedy = None if schema.citations else "name the paper of the formula: [[citations]] doi = ..."
    return GateCheck("documentation", True, "every parameter and field is documented", remedy)


def check_coverage(schema: MethodSchema, cases: Sequence[GoldenCase]) -> GateCheck:
    """There is a golden case, and each result field is stated by one; optional ones had better be."""
    if not cases:
        return GateCheck("coverage", False, "there is no golden case", "write one: tests/NAME.toml (docs/authors.md)")
    stated = {one.field for case in cases for one in case.expected}
    unstated = [one for one in schema.result.fields if one.name not in stated]
    if unstated:
        names = [one.name for one in unstated]
        return GateCheck(
            "coverage",
            all(one.optional for one in unstated),
            f"no golden case states {', '.join(names)}",
            'add an [[expect]] with field = "..." to a case in tests/',
            {"fields": names},
        )
    return GateCheck("coverage", True, f"{len(cases)} golden cases state every field of the result")


def check_imports(bundle: Bundle, packages: Path) -> GateCheck:
    """Whether what is imported seems to be there. Advice: the sandbox decides.

    Parameters
    ----------
    bundle
        Its source is searched for import statements, not parsed: it may be written against parsers.
    packages
        Folder of the guest environment.
    """
    own = {path.removesuffix(".py").partition("/")[0] for path in bundle.files if path.endswith(".py")}
    there = {path.name.partition(".")[0] for path in packages.iterdir()} | own | sys.stdlib_module_names
    sources = (content for path, content in bundle.files.items() if path.endswith(".py"))
    asked = {name.decode() for content in sources for name in _IMPORT.findall(content)}
    if absent := sorted(asked - there):
        return GateCheck(
            "imports",
            True,
            f"{', '.join(absent)} is not in the environment {bundle.schema.environment}",
            "do without it, or name an environment that has it: fomrepo environment list",
            {"absent": absent},
        )
    return GateCheck("imports", True, f"everything imported is in the environment {bundle.schema.environment}")


def check_difference(bundle: Bundle, previous: Bundle | None) -> GateCheck:
    """What changed since the version before, and whether the new number says so."""
    if previous is None:
        return GateCheck("difference", True, "there is no version before it to compare with")
    new, old = bundle.schema, previous.schema
    changed = sorted(
        path for path in {*bundle.files, *previous.files} if bundle.files.get(path) != previous.files.get(path)
    )
    breaking = list(breaking_changes(old, new))
    facts = {"previous": old.version, "files": changed, "breaking": breaking}
    if version_rank(new.version) <= version_rank(old.version):
        return GateCheck(
            "difference",
            False,
            f"version {new.version} does not come after {old.version}",
            f'write version = "{_next(old.version, 2)}" in method.toml',
            facts,
        )
    if breaking and version_rank(new.version)[0] == version_rank(old.version)[0] > 0:
        return GateCheck(
            "difference",
            False,
            f"scripts that use {old.version} would break: {'; '.join(breaking)}",
            f'write version = "{_next(old.version, 0)}" in method.toml, or take the change back',
            facts,
        )
    return GateCheck("difference", True, f"{len(changed)} files differ from {old.version}", None, facts)


def breaking_changes(old: MethodSchema, new: MethodSchema) -> Iterator[str]:
    """Changes after which a call of the old version fails or means something else, a few words each."""
    accepted = [set(kinds) for _, kinds in old.inputs], [set(kinds) for _, kinds in new.inputs]
    if len(accepted[0]) != len(accepted[1]) or not all(map(set.issubset, *accepted)):
        yield "it no longer takes the same files"
    if old.result.type != new.result.type:
        yield f"its result is a {new.result.type}"
    for parameter in old.parameters:
        now = new.parameter(parameter.name)
        if now is None:
            yield f"the parameter {parameter.name} is gone"
        elif (now.type, now.unit, now.items) != (parameter.type, parameter.unit, parameter.items):
            yield f"the parameter {parameter.name} has another type"
        elif not parameter.required and (now.required or now.default != parameter.default):
            yield f"the default of {parameter.name} is another"
    for parameter in new.parameters:
        if parameter.required and old.parameter(parameter.name) is None:
            yield f"the parameter {parameter.name} is new and must be given"
    for field in old.result.fields:
        found = new.result.field(field.name)
        if found is None:
            yield f"the field {field.name} is gone"
        elif (found.dtype, found.dims, found.unit) != (field.dtype, field.dims, field.unit):
            yield f"the field {field.name} has another dtype, other dims or another unit"


def _next(version: str, place: int) -> str:
    """The following version: ``_next("1.2.3", 2)`` is ``1.2.4``, at place 0 it is ``2.0.0``."""
    rank = version_rank(version)
    return ".".join(map(str, (*rank[:place], rank[place] + 1, *(0 for _ in rank[place + 1 :]))))
