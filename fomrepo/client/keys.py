"""Keys to sign with, in files of their owner's: private halves never leave this machine.

A key is ``NAME.pem`` (PKCS #8, encrypted if it has a passphrase) with its public half beside it, in the folder ``keys``
where the profiles are. Only who signs needs `cryptography`: it comes with ``pip install 'fomrepo[review]'``.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING

from fomrepo.client.profile import profile_path
from fomrepo.errors import ArgumentError, ConflictError, NotFoundError, SettingsError
from fomrepo.model.files import check_slug
from fomrepo.model.statements import Approval, KeyStatement, ReviewStatement, Verdict, VerdictStatement
from fomrepo.model.trust import key_id

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

#: Key that is meant where none is named.
DEFAULT_KEY = "default"


@dataclass(frozen=True, slots=True)
class KeyFile:
    """A key on this machine."""

    name: str
    #: File with the private half.
    path: Path
    #: Ed25519, 32 bytes.
    public: bytes

    @property
    def id(self) -> str:
        """Id of the key."""
        return key_id(self.public)


class Signer:
    """Signs with one key."""

    def __init__(self, file: KeyFile, key: Ed25519PrivateKey) -> None:
        self.file, self._key = file, key

    def approve(self, statement: ReviewStatement) -> Approval:
        """Sign that a method may run."""
        return Approval(statement, self.file.id, self._key.sign(statement.to_bytes()))

    def judge(self, statement: VerdictStatement) -> Verdict:
        """Sign that a method shall no longer be used."""
        return Verdict(statement, self.file.id, self._key.sign(statement.to_bytes()))

    def claim(self, statement: KeyStatement) -> bytes:
        """Sign that a key is somebody's."""
        return self._key.sign(statement.to_bytes())


def keys_folder() -> Path:
    """Folder of the keys."""
    return profile_path().parent / "keys"


def new_key(name: str = DEFAULT_KEY, *, passphrase: str = "") -> KeyFile:
    """Draw a key and keep it; without a passphrase whoever reads the file can sign.

    Raises
    ------
    ConflictError
        If there is a key of that name.
    """
    private = _library().generate()
    from cryptography.hazmat.primitives import serialization

    encryption: serialization.KeySerializationEncryption = (
        serialization.BestAvailableEncryption(passphrase.encode()) if passphrase else serialization.NoEncryption()
    )
    pem = private.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption)
    public = private.public_key().public_bytes_raw()
    path = _path(name)
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise ConflictError(
            f"there is a key {name!r} already: {path}", remedy=f"name another one: fomrepo key new {name}-2"
        ) from None
    with os.fdopen(descriptor, "wb") as file:
        file.write(pem)
    path.with_suffix(".pub").write_text(public.hex() + "\n")
    return KeyFile(name, path, public)


def key_files() -> list[KeyFile]:
    """Keys on this machine, by name."""
    return [find_key(path.stem) for path in sorted(keys_folder().glob("*.pem"))]


def find_key(name: str = DEFAULT_KEY) -> KeyFile:
    """Key of that name.

    Raises
    ------
    NotFoundError
        If there is none.
    SettingsError
        If its public half cannot be read.
    """
    path = _path(name)
    if not path.exists():
        raise NotFoundError(f"there is no key {name!r} on this machine", remedy=f"make one: fomrepo key new {name}")
    try:
        public = bytes.fromhex(path.with_suffix(".pub").read_text())
        if len(public) != 32:
            raise ValueError("it is no key of 32 bytes")
    except (OSError, ValueError) as error:
        raise SettingsError(
            f"{path.with_suffix('.pub')} is no public key: {error}", remedy="restore it, or make another key"
        ) from None
    return KeyFile(name, path, public)


def open_key(name: str = DEFAULT_KEY, *, passphrase: Callable[[], str] = lambda: "") -> Signer:
    """Open a key to sign with.

    Parameters
    ----------
    name
        Of the key.
    passphrase
        Asked if the key has one.

    Raises
    ------
    NotFoundError
        If there is none of that name.
    SettingsError
        If others can read it, or it is no such key.
    ArgumentError
        If the passphrase is wrong.
    """
    file, kind = find_key(name), _library()
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    if os.name == "posix" and file.path.stat().st_mode & 0o077:
        raise SettingsError(
            f"{file.path} is a private key and others can read it", remedy=f"chmod 600 {quote(str(file.path))}"
        )
    pem = file.path.read_bytes()
    given = passphrase().encode() if b"ENCRYPTED" in pem else None
    try:
        key = load_pem_private_key(pem, given)
    except (ValueError, TypeError):  # an empty passphrase is a TypeError
        if given is None:
            raise SettingsError(f"{file.path} is no private key", remedy="restore it, or make another one") from None
        raise ArgumentError(f"this is not the passphrase of the key {name!r}") from None
    if not isinstance(key, kind) or key.public_key().public_bytes_raw() != file.public:
        raise SettingsError(f"{file.path} and its public half do not belong together", remedy="make another key")
    return Signer(file, key)


def _path(name: str) -> Path:
    return keys_folder() / f"{check_slug(name, 'key')}.pem"


def _library() -> type[Ed25519PrivateKey]:
    try:
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    except ImportError:
        raise SettingsError("signing needs the package cryptography", remedy="pip install 'fomrepo[review]'") from None
    return Ed25519PrivateKey
