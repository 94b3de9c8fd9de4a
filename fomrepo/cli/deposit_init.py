"""``fomrepo deposit init``: writes ``fomrepo.toml`` from what the files say, and asks for what they do not."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fomrepo.cli.deposit_look import Look, looking_here
from fomrepo.cli.deposit_said import Category, Claims, Creators, Licence, with_said
from fomrepo.cli.metadata import warn_of_slips
from fomrepo.cli.output import Bar, Json, counted, print_json, progress_bar
from fomrepo.errors import ArgumentError, StorageError
from fomrepo.installed_types import installed_types
from fomrepo.model.deposit_plan import COMPULSORY, PLAN_NAME, Creator, DepositPlan, PlannedFile
from fomrepo.model.files import check_file_name
from fomrepo.model.pairing import Candidate, Pairing, pair_files

if TYPE_CHECKING:
    from fomrepo.client.deposit_answers import CheckedFile

#: The folder that is deposited.
Folder = Annotated[Path, typer.Argument(metavar="DIR", help="The folder that is deposited.", show_default=False)]


def init(
    folder: Folder,
    title: Annotated[str | None, typer.Option(help="What it is, in a sentence.")] = None,
    creators: Creators = None,
    licence: Licence = None,
    category: Category = None,
    metadata: Claims = None,
    pair: Annotated[
        list[str] | None, typer.Option(metavar="TRAJECTORY=TOPOLOGY", help="Which file says what its atoms are.")
    ] = None,
    in_place: Annotated[
        bool, typer.Option("--in-place", help="Copy nothing: the files stay where they lie, on a site's own machine.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Ask nothing; what is missing is an error.")] = False,
    force: Annotated[bool, typer.Option("--force", help=f"Write {PLAN_NAME} anew if there is one.")] = False,
    json: Json = False,
) -> None:
    """Write fomrepo.toml for a folder: files, their types and pairs are found, what is missing is asked for.

    An mdrepo-metadata.toml in the folder is understood. Files are looked at in the sandbox where this machine has one.
    """
    path = folder / PLAN_NAME
    if path.exists() and not force:
        raise ArgumentError(
            f"there is {path} already",
            remedy=f"edit it, or write it anew: fomrepo deposit init --force {quote(str(folder))}",
        )
    asks = not yes and not json and sys.stdin.isatty()
    before = _said_before(folder)
    given = _given_pairs(pair or [])

    said = with_said(
        replace(before, title=title or before.title, in_place=in_place or before.in_place, files=()),
        creators=creators,
        licence=licence,
        category=category,
        metadata=metadata,
    )
    warn_of_slips(said.metadata, as_json=json)
    said = _completed(said, asks=asks)

    def say(sentence: str) -> None:
        if not json:
            typer.echo(sentence, err=True)

    with looking_here(folder, say, brief=True) as look, progress_bar("looking at files", hidden=json) as move:
        files, left_out = _find_files(folder, [one.name for one in before.files], look, move)
    pairing = pair_files([_candidate(one) for one in files], given)
    for name in pairing.alone:
        say(f"no file of this folder has the atoms of {name}; put its topology there, or give --pair")
    pairs = {**pairing.pairs, **_decided(pairing, asks=asks)}
    plan = replace(said, files=tuple(PlannedFile(one.name, pairs.get(one.name, ""), _remark(one)) for one in files))
    plan.check()
    text = plan.to_text() + "".join(f"\n# left out: {name}: {why}\n" for name, why in left_out.items())
    fresh = folder / f".{PLAN_NAME}.new"  # a kill leaves a whole plan or none
    try:
        fresh.write_text(text, "utf-8")
        fresh.replace(path)
    except OSError as error:
        raise StorageError(f"{path} cannot be written: {error.strerror}", remedy="see whose folder it is") from None
    refused = {one.name: one.refusal.message for one in files if one.refusal is not None}
    if json:
        listed = [{"name": one.name, "topology": one.topology or None} for one in plan.files]
        print_json(
            {"plan": str(path), "files": listed, "left_out": left_out, "looked_at": look is not None}
            | {"refused": refused, "alone": list(pairing.alone)}
        )
        return
    typer.echo(f"{path} names {counted(len(files), 'file')}; next: fomrepo deposit check {quote(str(folder))}")
    for message in refused.values():
        typer.echo(f"a site will refuse it as it is: {message}", err=True)
    for name, why in left_out.items():
        typer.echo(f"left out: {name}: {why}", err=True)


def _said_before(folder: Path) -> DepositPlan:
    """What an older plan, or a deposit for another repository, says already."""
    from fomrepo.client.mdrepo import MDREPO_NAME, read_mdrepo
    from fomrepo.client.planned_files import read_plan

    if not folder.is_dir():
        raise ArgumentError(f"{folder} is no folder", remedy="give the folder that holds the files")
    if (folder / PLAN_NAME).exists():
        return read_plan(folder)
    if (folder / MDREPO_NAME).exists():
        return read_mdrepo(folder / MDREPO_NAME)
    return DepositPlan(())


def _find_files(
    folder: Path, named: list[str], look: Look | None, move: Bar
) -> tuple[list[CheckedFile], dict[str, str]]:
    """Look at the files that were named before, or at all that lie in the folder."""
    from fomrepo.client.deposit_answers import CheckedFile
    from fomrepo.client.mdrepo import MDREPO_NAME

    found: list[CheckedFile] = []
    left_out: dict[str, str] = {}
    paths = [folder / name for name in named] or sorted(folder.iterdir())
    for number, path in enumerate(paths):
        name = path.name
        move(number, len(paths))
        if name.startswith(".") or name in (PLAN_NAME, MDREPO_NAME):
            continue
        try:
            check_file_name(name)
        except ArgumentError as error:
            left_out[repr(name)] = error.remedy or error.message
            continue
        if path.is_symlink() or not path.is_file() or not path.stat().st_size:
            left_out[name] = _odd(path)
            continue
        types = [one for one in installed_types().values() if path.suffix.lower() in one.suffixes]
        checked = look(name, "") if look else CheckedFile(name, types[0].name if types else "")
        unknown = not types if checked.refusal is None else checked.refusal.facts.get("reason") == "unknown_type"
        if unknown and not checked.file_type:
            left_out[name] = "of no type that is known here"
        else:
            found.append(checked)
    if not found:
        raise ArgumentError(f"no file in {folder} is of a type that is known here", remedy="fomrepo deposit --help")
    return found, left_out


def _odd(path: Path) -> str:
    """What else than a file with something in it lies there."""
    if path.is_symlink():
        return "a link"
    return "a folder; deposit it by itself" if path.is_dir() else "empty" if path.is_file() else "no file"


def _candidate(file: CheckedFile) -> Candidate:
    known = installed_types().get(file.file_type)
    families = file.facts.get("families") or (known.families if known else ())
    n_atoms = file.facts.get("n_atoms")
    return Candidate(file.name, tuple(map(str, families)), n_atoms if isinstance(n_atoms, int) else None)


def _remark(file: CheckedFile) -> str:
    if file.refusal is not None:
        return f"REFUSED: {file.refusal.message}"
    figures = (counted(file.facts.get("n_atoms"), "atom"), counted(file.facts.get("n_frames"), "frame"))
    return ", ".join(one for one in (file.file_type, *figures) if one)


def _given_pairs(texts: list[str]) -> dict[str, str]:
    found = {}
    for text in texts:
        trajectory, separator, topology = text.partition("=")
        if not separator or not trajectory or not topology:
            raise ArgumentError(f"--pair {text!r} names no pair", remedy="write --pair TRAJECTORY=TOPOLOGY")
        found[trajectory] = topology
    return found


def _decided(pairing: Pairing, *, asks: bool) -> dict[str, str]:
    """Ask which topology a trajectory has, where several fit."""
    decided: dict[str, str] = {}
    for name, fitting in pairing.open.items():
        if not asks:
            raise ArgumentError(
                f"{', '.join(fitting)} all have the atoms of {name}",
                remedy=f"choose: --pair {quote(f'{name}={fitting[0]}')}",
            )
        while (
            chosen := typer.prompt(f"topology of {name} ({', '.join(fitting)})", default=fitting[0], err=True)
        ) not in fitting:
            typer.echo(f"{chosen} is none of them", err=True)
        decided[name] = chosen
    return decided


def _completed(plan: DepositPlan, *, asks: bool) -> DepositPlan:
    """Ask for the compulsory fields that nothing has told so far."""
    missing = plan.missing()
    if missing and not asks:
        options = " ".join("--creator ..." if key == "creators" else f"--{key} ..." for key in missing)
        raise ArgumentError(f"nothing says {', '.join(missing)}", remedy=f"give {options}")
    for key in missing:
        typer.echo(f"{key}: {COMPULSORY[key]}", err=True)
        while True:
            try:
                plan = _with(plan, key, typer.prompt(key, err=True))
                plan.check()
                break
            except ArgumentError as error:
                typer.echo(error.message, err=True)
                plan = replace(plan, **{key: type(getattr(plan, key))()})
    return plan


def _with(plan: DepositPlan, key: str, answer: str) -> DepositPlan:
    several = [one.strip() for one in answer.split(";") if one.strip()]
    if key == "creators":
        return replace(plan, creators=tuple(Creator.parse(one) for one in several))
    value: Any = tuple(several) if key == "category" else answer.strip()
    return replace(plan, **{key: value})
