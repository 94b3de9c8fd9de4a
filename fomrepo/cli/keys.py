"""``fomrepo key``: keys to approve methods with; on the founder's machine, whose keys count."""

from __future__ import annotations

import datetime
import os
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fomrepo.cli.confirmation import Yes, ask_to_go_on
from fomrepo.cli.connected import ProfileName, connected
from fomrepo.cli.homes import Home
from fomrepo.cli.output import Json, print_json, print_table
from fomrepo.errors import ArgumentError, NotFoundError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

    from fomrepo.client.keys import Signer
    from fomrepo.model.keys import KeyEntry
    from fomrepo.site.administration import Administration
    from fomrepo.site.root_changes import RootChange

key = typer.Typer(no_args_is_help=True, help="Keys to approve methods with, and whose keys count.")

#: Digits of an id that are shown, and suffice where they are unique.
SHOWN = 16

KeyName = Annotated[str, typer.Argument(metavar="[NAME]", help="Name of a key on this machine.")]
KeyId = Annotated[str, typer.Argument(metavar="ID", help="Id of a key, or how it begins: fomrepo key list.")]


@key.command()
def new(
    name: KeyName = "default",
    passphrase: Annotated[bool, typer.Option(help="Ask for a passphrase that the key is kept under.")] = False,
    json: Json = False,
) -> None:
    """Make a key on this machine. Its private half stays here, in a file that only you can read."""
    from fomrepo.client.keys import new_key

    secret = typer.prompt("passphrase", hide_input=True, confirmation_prompt=True, err=True) if passphrase else ""
    made = new_key(name, passphrase=secret)
    _told({"key": made.id, "name": made.name, "path": str(made.path)}, f"{made.id[:SHOWN]} in {made.path}", json)


@key.command()
def publish(
    name: KeyName = "default",
    label: Annotated[str, typer.Option(help="What tells it from your others; this machine's name if empty.")] = "",
    profile: ProfileName = None,
    json: Json = False,
) -> None:
    """Publish the public half of a key. It counts once an operator has accepted it: fomrepo key accept."""
    opened = opened_key(name)
    with connected(profile) as repo:
        entry = repo.trust.publish_key(opened, label=label)
    _told(_document(entry), f"{entry.id} is {entry.state}{_to_accept(entry)}", json)


@key.command()
def rotate(
    old: Annotated[str, typer.Argument(help="Name of the key that is to be replaced.")],
    name: Annotated[str, typer.Argument(help="Name of the new key, which is made if need be.")],
    profile: ProfileName = None,
    json: Json = False,
) -> None:
    """Let another key take a key's place. What the old one has signed goes on to count."""
    from fomrepo.client.keys import key_files, new_key

    replaced = opened_key(old)
    if name not in {one.name for one in key_files()}:
        new_key(name)
    fresh = opened_key(name)
    with connected(profile) as repo:
        entry = repo.trust.publish_key(fresh, replaces=replaced)
    _told(_document(entry), f"{entry.id} is {entry.state}{_to_accept(entry)}", json)


@key.command()
def revoke(
    wanted: KeyId,
    home: Home,
    operator: Annotated[
        bool, typer.Option("--operator", help="Revoke anybody's key, on the home that founded the federation.")
    ] = False,
    yes: Yes = False,
    profile: ProfileName = None,
    json: Json = False,
) -> None:
    """Revoke a key: nothing that it ever signed counts any more, at any site, from now on and for good."""
    if operator:
        with _administration(home) as administration:
            found = _sure(_one(_all_keys(administration), wanted), yes)
            _, lost = administration.trust.revoke_key(found.id)
    else:
        with connected(profile) as repo:
            found = _sure(_one(repo.trust.keys().keys, wanted), yes)
            _, lost = repo.trust.revoke_key(found.id)
    stopped = f"; too few approvals are left for {', '.join(lost)}, which no longer run" if lost else ""
    _told({"key": found.id, "state": "revoked", "lost": list(lost)}, f"{found.id[:SHOWN]} is revoked{stopped}", json)


@key.command("list")
def list_keys(
    home: Home,
    operator: Annotated[bool, typer.Option("--operator", help="List everybody's, on a site's machine.")] = False,
    profile: ProfileName = None,
    json: Json = False,
) -> None:
    """List your keys and those of all reviewers, and what they are worth."""
    from fomrepo.client.keys import key_files

    if operator:
        with _administration(home) as administration:
            found: Sequence[KeyEntry] = _all_keys(administration)
    else:
        with connected(profile) as repo:
            found = repo.trust.keys().keys
    here = {one.id: one.name for one in key_files()}
    if json:
        for one in found:
            print_json(_document(one) | {"name": here.get(one.id)})
        return
    rows = [
        (
            one.id[:SHOWN],
            one.owner,
            one.institution,
            one.state.value,
            _day(one.created),
            one.label,
            here.get(one.id, ""),
        )
        for one in found
    ]
    print_table(rows, ("key", "owner", "institution", "state", "since", "label", "here"))


@key.command()
def accept(
    wanted: KeyId,
    home: Home,
    institution: Annotated[str, typer.Option(help="Where its owner works.")] = "",
    json: Json = False,
) -> None:
    """Let a published key approve methods: for who holds the root key, on the home that founded the federation."""
    with _administration(home) as administration:
        found = _one(_all_keys(administration), wanted)
        changed = administration.trust.accept_key(found.id, institution=institution)
        works_at = _one(_all_keys(administration), found.id).institution
    whose = f"{found.owner}, {works_at}," if works_at else found.owner
    document = {"key": found.id, "owner": found.owner, "institution": works_at or None}
    _told_of_root(document, f"{found.id[:SHOWN]} of {whose}", changed, json)


@key.command()
def accept_site(
    public: Annotated[str, typer.Argument(help="Public key of the site: fomrepo key renew-site.")],
    home: Home,
    json: Json = False,
) -> None:
    """Let a site confirm that the list of methods is the newest, as a site does that joined on this machine."""
    with _administration(home) as administration:
        changed = administration.trust.accept_site(_public_key(public))
    _told_of_root({"key": public}, public[:SHOWN], changed, json)


@key.command()
def renew_site(home: Home, json: Json = False) -> None:
    """Draw a new key for a site to confirm the list with; it counts once `key accept-site` was told of it."""
    with _administration(home) as administration:
        public = administration.trust.renew_site_key()
    _told({"public": public.hex()}, public.hex(), json)


@key.command()
def renew_root(home: Home, json: Json = False) -> None:
    """Draw a new root key; the old one is worth nothing from then on."""
    with _administration(home) as administration:
        changed = administration.trust.replace_root_key()
    _told_of_root({}, "a new root key", changed, json)


@key.command()
def new_root(home: Home, json: Json = False) -> None:
    """Draw a root key on another home than the founder's; it counts once `key share-root` was told of it."""
    with _administration(home) as administration:
        public = administration.trust.new_root_key()
    _told({"public": public.hex()}, public.hex(), json)


@key.command()
def share_root(
    public: Annotated[str, typer.Argument(help="Public key: fomrepo key new-root, on the other home.")],
    home: Home,
    needed: Annotated[int, typer.Option(help="Signatures that every change of the root needs from now on.")] = 2,
    json: Json = False,
) -> None:
    """Let another home sign the root, too, so that no single stolen key can change whose signatures count."""
    with _administration(home) as administration:
        changed = administration.trust.share_root(_public_key(public), needed=needed)
    _told_of_root(
        {"key": public, "needed": needed}, f"{needed} signatures for a root, with {public[:SHOWN]},", changed, json
    )


@key.command()
def renew_list(home: Home, json: Json = False) -> None:
    """Draw new keys for the list of methods, as after a theft; start the founder's site again afterwards."""
    with _administration(home) as administration:
        changed = administration.trust.replace_list_keys()
    _told_of_root({}, "new keys of the list; renew those of the other sites: fomrepo key renew-site;", changed, json)


@key.command()
def countersign(
    home: Home,
    drop: Annotated[bool, typer.Option("--drop", help="Give the change up instead.")] = False,
    json: Json = False,
) -> None:
    """Add this home's signature to a change of the root that waits for more."""
    with _administration(home) as administration:
        if drop:
            administration.trust.drop_change()
            _told({"dropped": True}, "the change is given up", json)
            return
        changed = administration.trust.countersign()
    _told_of_root({}, "the change", changed, json)


def opened_key(name: str) -> Signer:
    """Key of this machine to sign with; asks for its passphrase, which ``FOMREPO_KEY_PASSPHRASE`` may hold."""
    from fomrepo.client.keys import open_key

    def passphrase() -> str:
        if held := os.environ.get("FOMREPO_KEY_PASSPHRASE"):
            return held
        try:
            return str(typer.prompt(f"passphrase of {name}", hide_input=True, err=True))
        except typer.Abort:
            if sys.stdin.isatty():
                raise
            typer.echo(err=True)
            raise ArgumentError(
                f"nobody gave the passphrase of {name}", remedy="set FOMREPO_KEY_PASSPHRASE for the command"
            ) from None

    return open_key(name, passphrase=passphrase)


def _all_keys(administration: Administration) -> list[KeyEntry]:
    from fomrepo.site.key_desk import key_entries

    return key_entries(administration.trust.snapshot().root, administration.catalog.keys.all())


def _one(keys: Sequence[KeyEntry], wanted: str) -> KeyEntry:
    found = [one for one in keys if one.id.startswith(wanted)]
    if len(found) != 1 or not wanted:
        raise NotFoundError(
            f"{len(found)} keys begin with {wanted!r}",
            remedy="see them: fomrepo key list, or as an operator: fomrepo key list --operator --home HOME",
        )
    return found[0]


def _sure(found: KeyEntry, yes: bool) -> KeyEntry:
    """Ask whether a key is really to be revoked; return it."""
    if not yes:
        ask_to_go_on(
            f"Nothing that {found.id[:SHOWN]} of {found.owner} ever signed counts any more. "
            "That cannot be taken back. Go on?"
        )
    return found


def _public_key(text: str) -> bytes:
    try:
        public = bytes.fromhex(text)
    except ValueError:
        public = b""
    if len(public) != 32:
        raise ArgumentError(f"{text[:80]!r} is no public key", remedy="give the 64 digits that the site was told")
    return public


def _administration(home: Path) -> AbstractContextManager[Administration]:
    from fomrepo.site.administration import open_administration

    return open_administration(home)


def _document(entry: KeyEntry) -> dict[str, Any]:
    facts = asdict(entry)
    return {"key": facts.pop("id")} | facts


def _to_accept(entry: KeyEntry) -> str:
    return (
        f"; an operator accepts it: fomrepo key accept {entry.id[:SHOWN]} --home HOME"
        if entry.state == "published"
        else ""
    )


def _day(created: float) -> str:
    return f"{datetime.datetime.fromtimestamp(created, datetime.UTC):%Y-%m-%d}" if created else ""


def _told_of_root(document: dict[str, Any], what: str, changed: RootChange, as_json: bool) -> None:
    waits = f"waits for {changed.missing} more signatures: fomrepo key countersign" if changed.missing else ""
    document |= {"root": changed.version, "missing": changed.missing}
    _told(document, f"{what} {waits or f'is in root {changed.version}'}", as_json)


def _told(document: dict[str, Any], sentence: str, as_json: bool) -> None:
    if as_json:
        print_json(document)
    else:
        typer.echo(sentence)
