"""``fomrepo environment``: what methods can import, on this machine and in a federation."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fomrepo.cli.homes import Home
from fomrepo.cli.output import Json, print_json, print_table
from fomrepo.errors import NotFoundError

if TYPE_CHECKING:
    from fomrepo.site.administration import Administration

environment = typer.Typer(no_args_is_help=True, help="Guest environments: what methods can import.")

Name = Annotated[str, typer.Argument(metavar="NAME", help="Name of the environment, as method.toml says it.")]

#: Digits of a digest that are shown.
SHOWN = 12


@environment.command()
def add(
    name: Name,
    lock: Annotated[Path, typer.Argument(metavar="LOCKFILE", help="Packages with hashes.", dir_okay=False)],
    home: Home,
    json: Json = False,
) -> None:
    """Make an environment official, on the home that founded the federation.

    The lock names every package with its hashes (uv pip compile --generate-hashes), MDAnalysis among them, which the
    data is read with. Drafts, and methods that are approved from now on, get it under that name; others keep theirs.
    """
    from fomrepo.isolation.lock_file import check_lock
    from fomrepo.model.files import check_slug
    from fomrepo.site.administration import open_administration

    content = check_lock(lock.read_bytes())
    with open_administration(home) as administration:
        digest = administration.trust.add_environment(check_slug(name, "environment"), content)
    if json:
        print_json({"environment": name, "lock": digest})
    else:
        typer.echo(f"{name} is {digest[:SHOWN]}; build it at each site: fomrepo environment build {name}")


@environment.command("list")
def list_environments(home: Home, json: Json = False) -> None:
    """List the environments of the federation, and which sites have them."""
    from fomrepo.site.administration import open_administration

    with open_administration(home) as administration:
        found = _listed(administration)
    for one in found if json else ():
        print_json(one)
    if not json:
        rows = [
            (
                one["environment"],
                one["lock"][:SHOWN],
                "official" if one["official"] else "of methods that bring it",
                str(one["packages"]),
                ", ".join(one["sites"]) or "no site",
            )
            for one in found
        ]
        print_table(rows, ("environment", "lock", "what", "packages", "built at"), right=(3,))


@environment.command()
def show(name: Name, home: Home, json: Json = False) -> None:
    """Show the packages of an environment; of several of one name, those that drafts get."""
    from fomrepo.site.administration import open_administration

    with open_administration(home) as administration:
        found = [one for one in _listed(administration) if one["environment"] == name]
        if not found:
            raise NotFoundError(f"there is no environment {name!r}", remedy="see them: fomrepo environment list")
        chosen = ([one for one in found if one["official"]] or found)[-1]
        lock = _lock(administration, chosen["lock"]).decode()
    packages = [line.split()[0] for line in lock.splitlines() if "==" in line and not line.startswith("#")]
    if json:
        print_json(chosen | {"packages": packages, "text": lock})
    else:
        typer.echo("\n".join([f"{name} {chosen['lock']}", *(f"  {one}" for one in packages)]))


@environment.command()
def build(
    home: Home,
    name: Annotated[
        str | None, typer.Argument(metavar="[NAME]", help="The one that comes with this program if not given.")
    ] = None,
    proposed: Annotated[
        bool, typer.Option("--proposed", help="Also those that submitted methods bring along, unreviewed.")
    ] = False,
    json: Json = False,
) -> None:
    """Build an environment on this machine from its lock, if it is not there yet: packages with the locked hashes.

    With a name, every lock of that name which the federation lists is built for the site whose home is here. A site
    that runs finds it within seconds.
    """
    from fomrepo.installed_files import installed_folder
    from fomrepo.isolation.environment import default_environments_folder, find_or_build_environment

    def say(sentence: str) -> None:
        typer.echo(sentence, err=True)

    if name is None:
        lock = installed_folder("sandbox") / "requirements.lock"
        built = [find_or_build_environment(lock, default_environments_folder(), say=say)]
    else:
        from fomrepo.site.administration import open_administration

        with open_administration(home) as administration:
            digests = _locks_to_build(administration, name, proposed=proposed)
            locks = [_lock(administration, digest) for digest in digests]
            kept = administration.settings.environments
        folder = Path(kept) if kept else default_environments_folder()
        built = [find_or_build_environment(lock, folder, name=name, say=say) for lock in locks]
    for one in built:
        if json:
            print_json({"environment": one.name, "digest": one.digest, "packages": str(one.packages)})
        else:
            typer.echo(f"{one.name} {one.digest[:SHOWN]} in {one.packages.parent}")


def _listed(administration: Administration) -> list[dict[str, Any]]:
    """What the signed list says of each environment, and which sites have it."""
    from fomrepo.isolation.environment import environment_digest

    sites = administration.catalog.sites.all(time.time())
    found = []
    for one in administration.trust.snapshot().listed.environments:
        lock = _lock(administration, one.lock_digest)
        digest = environment_digest(lock)
        found.append(
            {
                "environment": one.name,
                "lock": one.lock_digest,
                "official": one.official,
                "digest": digest,
                "packages": sum("==" in line for line in lock.decode().splitlines() if not line.startswith("#")),
                "sites": [site.name for site in sites if digest in site.load.environments],
            }
        )
    return found


def _locks_to_build(administration: Administration, name: str, *, proposed: bool) -> list[str]:
    listed = [one.lock_digest for one in administration.trust.snapshot().listed.environments if one.name == name]
    others = administration.catalog.environments.of_name(name) if proposed else ()
    found = list(dict.fromkeys([*listed, *others]))
    if not found:
        raise NotFoundError(
            f"the federation lists no environment {name!r}",
            remedy=f"see them: fomrepo environment list; add one: fomrepo environment add {name} LOCKFILE",
        )
    return found


def _lock(administration: Administration, digest: str) -> bytes:
    from fomrepo.isolation.lock_file import LOCK_LIMIT_BYTES
    from fomrepo.model.canonical import sha256_hex

    lock = administration.catalog.environments.read(digest, LOCK_LIMIT_BYTES)
    if lock is None or sha256_hex(lock) != digest:
        raise NotFoundError(
            f"the catalog does not have the lock {digest[:SHOWN]}", remedy="add it again: fomrepo environment add"
        )
    return lock
