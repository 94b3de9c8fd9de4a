"""Methods of the tests' own: drafts that misbehave, and published ones, signed as reviewers would."""

from __future__ import annotations

import textwrap
from pathlib import Path

from fomrepo.model.bundle import read_bundle
from fomrepo.model.methods import Bundle
from fomrepo.site.administration import open_administration, read_folder
from fomrepo.testing import LocalFederation

#: Takes as many seconds as it is told to, spread over the frames; answers the number of atoms.
SLOW = Path(__file__).parents[2] / "demo" / "drafts" / "slow"

_SCHEMA = """
name = "{name}"
version = "0.1.0"
summary = "Written for a test"
entry = "{name}:{name}"
environment = "mdanalysis"
[inputs]
universe = "trajectory"
[result]
type = "Composite"
{fields}
[limits]
memory_mib = {memory_mib}
wall_s = {wall_s}
result_mib = 1
"""


def draft(
    folder: Path,
    body: str,
    fields: str = 'n = "int64"',
    *,
    name: str = "tried",
    memory_mib: int = 1024,
    wall_s: float = 60,
) -> Path:
    """Write a bundle into a folder.

    Parameters
    ----------
    folder
        Made if it is not there.
    body
        What the method does with ``universe`` and ``frames``.
    fields
        A line ``name = "dtype axis axis"`` for each result field.
    name
        Of the method and its module.
    memory_mib, wall_s
        Its limits.
    """
    folder.mkdir(parents=True, exist_ok=True)
    declared = []
    for line in filter(None, map(str.strip, fields.splitlines())):
        field, _, kind = line.partition(" = ")
        dtype, *dims = kind.strip('"').split()
        declared.append(f'[result.fields.{field}]\ndtype = "{dtype}"\ndims = {dims}'.replace("'", '"'))
    schema = _SCHEMA.format(name=name, fields="\n".join(declared), memory_mib=memory_mib, wall_s=wall_s)
    (folder / "method.toml").write_text(schema)
    lines = textwrap.indent(textwrap.dedent(body).strip(), "    ")
    (folder / f"{name}.py").write_text(f'"""A test\'s."""\n\n\ndef {name}(universe, frames):\n{lines}\n')
    return folder


def publish(federation: LocalFederation, folder: Path) -> Bundle:
    """Approve a bundle in the name of the root's holders and publish it, as reviewers do."""
    bundle = read_bundle(read_folder(folder))
    with open_administration(federation.home) as administration:
        administration.trust.publish_as_founder([bundle], reviewer="a test")
    return bundle
