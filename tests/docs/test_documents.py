"""What the documents name exists: links, folders, commands and their options."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer.main
from typer.core import TyperGroup

from fomrepo.cli import app

CHECKOUT = Path(__file__).resolve().parents[2]
FOLDERS = ["docs", "news", "requirements", "sandbox", "methods", "deposition", "migrations", "demo", "bench", "tests"]
DOCUMENTS = [
    *sorted(CHECKOUT.glob("*.md")),
    *(document for folder in FOLDERS for document in sorted((CHECKOUT / folder).rglob("*.md"))),
]


def name_of(document: Path) -> str:
    return str(document.relative_to(CHECKOUT))


def commands(text: str) -> Iterator[list[str]]:
    """Yield the words of each ``fomrepo ...`` that stands in a block of shell commands."""
    for block in re.findall(r"^```sh\n(.*?)^```", text, flags=re.DOTALL | re.MULTILINE):
        for line in block.splitlines():
            words = shlex.split(line, comments=True)
            if words[:1] == ["fomrepo"]:
                yield words[1:]


@pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)
def test_links_lead_somewhere(document: Path) -> None:
    links = re.findall(r"\]\(([^)#\s]+)", document.read_text())
    inside = [link for link in links if "://" not in link and not link.startswith("mailto:")]
    assert [link for link in inside if not (document.parent / link).exists()] == []


@pytest.mark.parametrize("name", ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "SECURITY.md"])
def test_named_paths_exist(name: str) -> None:
    named = re.findall(r"`((?:[\w.-]+/)+[\w.-]*|[\w-]+\.(?:md|toml))`", (CHECKOUT / name).read_text())
    generated = {"method.toml", "v1/"}
    parts = {"isolation/", "call.py", "deposit.py"}
    assert [path for path in named if path not in generated | parts and not (CHECKOUT / path).exists()] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)
def test_commands_exist_with_their_options(document: Path) -> None:
    for words in commands(document.read_text()):
        command = typer.main.get_command(app)
        while isinstance(command, TyperGroup) and words:
            found = command.get_command(typer.Context(command), words[0])
            assert found is not None, f"fomrepo {words[0]}"
            command, words = found, words[1:]
        options = {name for parameter in command.params for name in parameter.opts}
        flexible = command.context_settings.get("ignore_unknown_options", False)
        unknown = {word for word in words if word.startswith("--")} - options
        assert flexible or not unknown, f"{command.name}: {unknown}"


def test_index_of_decisions_is_complete() -> None:
    folder = CHECKOUT / "docs" / "adr"
    index = (folder / "README.md").read_text()
    assert [page.name for page in sorted(folder.glob("[0-9]*.md")) if f"({page.name})" not in index] == []
