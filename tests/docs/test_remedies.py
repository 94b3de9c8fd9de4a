"""What errors and hints tell people to type exists: commands, and their options."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import typer.main
from typer.core import TyperCommand, TyperGroup

import fomrepo
from fomrepo.cli import app

PACKAGE = Path(fomrepo.__file__).parent
ROOT = typer.main.get_command(app)
#: Where a command ends in a sentence.
COMMAND = re.compile(r"\bfomrepo ([a-z][a-z-]*(?: [^;,()`]*)?)")

#: A command that a sentence is in the midst of, and what is filled in where it is a path.
TYPED = re.compile(r"\b(fomrepo [a-z]|chmod |mkdir |df -h |mv |fusermount3 )[^;,`]*$")
PATH = re.compile(r"\b(folder|path|parent|home|target|file\.name)\b")

#: Kinds of signed statements, which begin alike.
STATEMENTS = ("method approval", "method verdict", "key 1", "audit seal")


def sentences(module: Path) -> Iterator[tuple[int, str]]:
    """Yield each text of a module with its line; what is filled in later reads X. Docstrings are left out."""
    tree = ast.parse(module.read_text())
    inside = {id(part) for one in ast.walk(tree) if isinstance(one, ast.JoinedStr) for part in one.values}
    docstrings = {id(one.value) for one in ast.walk(tree) if isinstance(one, ast.Expr)}
    for one in ast.walk(tree):
        if id(one) in inside | docstrings:
            continue
        if isinstance(one, ast.Constant) and isinstance(one.value, str):
            yield one.lineno, one.value
        if isinstance(one, ast.JoinedStr):
            yield one.lineno, "".join(part.value if isinstance(part, ast.Constant) else "X" for part in one.values)


def unquoted(module: Path) -> Iterator[str]:
    """Name what a shell would take apart: paths put as they are into commands to type."""
    for sentence in ast.walk(ast.parse(module.read_text())):
        before = ""
        for part in sentence.values if isinstance(sentence, ast.JoinedStr) else ():
            if isinstance(part, ast.Constant):
                before += str(part.value)
            elif isinstance(part, ast.FormattedValue) and TYPED.search(before):
                filled = ast.unparse(part.value)
                if PATH.search(filled) and not filled.startswith("quote("):
                    yield f"{module.relative_to(PACKAGE)}:{part.lineno}: {filled}"


def command_of(words: list[str]) -> tuple[TyperCommand | TyperGroup, list[str]]:
    """Find the command that words name, and the words that follow it."""
    command: TyperCommand | TyperGroup = ROOT
    while isinstance(command, TyperGroup) and words and (command.name == "deposit" or not words[0].startswith("-")):
        found = command.get_command(typer.Context(command), words[0])
        if found is None:
            return command, words
        words = words[words[0] in command.commands :]
        command = found
    return command, words


def faults(sentence: str) -> Iterator[str]:
    """Name what cannot be typed."""
    for text in COMMAND.findall(sentence):
        if text.startswith(STATEMENTS):
            continue
        command, words = command_of([word.rstrip(".") for word in text.split()])
        if isinstance(command, TyperGroup) and words and not words[0].startswith("-"):
            if command.name != "fomrepo":  # of prose that speaks of the package
                yield f"fomrepo {text}: {command.name} has no command {words[0]}"
            continue
        known = {name for one in command.params for name in (*one.opts, *one.secondary_opts)} | {"--help"}
        if command.context_settings.get("ignore_unknown_options"):  # options of a method
            continue
        given = re.findall(r"(?<!\S)--[a-z][a-z-]*", text)
        yield from (f"fomrepo {text}: no option {name}" for name in given if name not in known)


def test_what_people_are_told_to_type_exists() -> None:
    modules = [one for one in PACKAGE.rglob("*.py") if "v1" not in one.parts]
    found = [
        f"{module.relative_to(PACKAGE)}:{line}: {fault}"
        for module in modules
        for line, sentence in sentences(module)
        for fault in faults(sentence)
    ]
    assert found == []


def test_paths_that_people_are_told_to_type_are_quoted() -> None:
    modules = [one for one in PACKAGE.rglob("*.py") if "v1" not in one.parts]
    assert [fault for module in modules for fault in unquoted(module)] == []


def test_what_does_not_exist_is_named() -> None:
    assert list(faults("run fomrepo key accept X --home HOME; then fomrepo deposit push X")) == []
    assert len(list(faults("fomrepo key except X"))) == 1
    assert len(list(faults("fomrepo deposit a.psf --titel X"))) == 1
