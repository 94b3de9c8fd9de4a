"""``fomrepo method new``: a bundle to begin with."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from shlex import quote
from typing import Annotated, Any

import typer

from fomrepo.cli.output import Json, print_json
from fomrepo.cli.scaffold.draft import login_name
from fomrepo.errors import ArgumentError, ConflictError
from fomrepo.model.methods import RESERVED_METHOD_NAMES

_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")


def new_method(
    name: Annotated[str, typer.Argument(help="Name of the method, such as radius_of_gyration.")],
    from_analysis: Annotated[
        str | None, typer.Option(help="Class to wrap, such as MDAnalysis.analysis.rms.RMSD.", metavar="CLASS")
    ] = None,
    from_function: Annotated[
        str | None, typer.Option(help="Function of a script of yours to wrap.", metavar="FILE:NAME")
    ] = None,
    default: Annotated[
        list[str] | None,
        typer.Option(help="Other default for a parameter of what is wrapped, such as fft=false.", metavar="NAME=VALUE"),
    ] = None,
    folder: Annotated[Path | None, typer.Option(help="Folder to make; the method's name if not given.")] = None,
    json: Json = False,
) -> None:
    """Write the folder of a new method: an example that runs, a class of MDAnalysis, or a function of yours."""
    if not _NAME.fullmatch(name) or name in RESERVED_METHOD_NAMES:
        raise ArgumentError(
            f"{name!r} cannot name a method",
            remedy="use lower-case letters, digits and _, and no attribute of file objects such as size",
        )
    if from_analysis and from_function:
        raise ArgumentError("a method is made from a class or from a function", remedy="give one of the two options")
    if default and not (from_analysis or from_function):
        raise ArgumentError("the plain example takes no --default", remedy="mend its method.toml instead")
    defaults = dict(map(default_of, default or []))
    target = (folder or Path(name)).absolute()
    if target.exists() and any(target.iterdir()):
        raise ConflictError(f"{target} is there already", remedy="name another folder: --folder PATH")
    author, umask = login_name(), _umask()  # before root becomes somebody else
    wrapped = from_analysis or from_function
    if wrapped:
        files = _wrapped(name, author, target, from_analysis, from_function, defaults)
    else:
        files = _plain(name, author)
    os.umask(umask)
    for path, text in files.items():
        (target / path).parent.mkdir(parents=True, exist_ok=True)
        (target / path).write_text(text)
    if json:
        print_json({"method": name, "folder": str(target), "files": sorted(files)})
    else:
        typer.echo(f"{target}: {', '.join(sorted(files))}\ntest it: fomrepo method test {quote(str(target))}")


def _umask() -> int:
    umask = os.umask(0)
    os.umask(umask)
    return umask


def _plain(name: str, author: str) -> Mapping[str, str]:
    plain = Path(__file__).parent / "scaffold" / "plain"
    places = {
        "method.toml": "method.toml",
        "method.py.txt": f"{name}.py",
        "README.md": "README.md",
        "tests/alpha_carbons.toml": "tests/alpha_carbons.toml",
    }
    return {
        place: (plain / source).read_text().replace("NAME", name).replace("AUTHOR", author)
        for source, place in places.items()
    }


def default_of(text: str) -> tuple[str, Any]:
    """Read ``NAME=VALUE``: a value of TOML, such as 2.5, false or ["a", "b"], or else a text."""
    name, equals, value = text.partition("=")
    if not equals or not name.isidentifier():
        raise ArgumentError(f"--default {text} gives nothing a default", remedy="write --default NAME=VALUE")
    try:
        return name, tomllib.loads(f"value = {value}")["value"]
    except tomllib.TOMLDecodeError:
        return name, value


def _wrapped(
    name: str, author: str, target: Path, analysis: str | None, function: str | None, defaults: Mapping[str, Any]
) -> Mapping[str, str]:
    """Read what is wrapped, then run it behind the wall to see what it answers."""
    from fomrepo.cli.scaffold.first_run import FirstRun
    from fomrepo.cli.scaffold.from_analysis import draft_from_analysis
    from fomrepo.cli.scaffold.from_function import draft_from_function
    from fomrepo.site.gate.here import gate_here

    draft = None
    if function is not None:
        file, _, function_name = function.rpartition(":")
        if not file or not function_name.isidentifier():
            raise ArgumentError(f"{function!r} names no function", remedy="write FILE:NAME, such as mine.py:spread")
        draft = draft_from_function(name, Path(file), function_name).with_defaults(defaults)
    with gate_here(own=(target,), say=lambda sentence: typer.echo(sentence, err=True)) as (run, samples):
        first = FirstRun(run, samples)
        if draft is None:
            draft = draft_from_analysis(name, str(analysis), first.describe_class(str(analysis)), defaults)
        return first.complete(draft, author)
