"""Keys to sign with, in files of their owner's."""

from __future__ import annotations

from pathlib import Path

import pytest

from fomrepo.client.keys import find_key, key_files, new_key, open_key
from fomrepo.errors import ArgumentError, ConflictError, NotFoundError, SettingsError
from fomrepo.model.statements import KeyStatement, ReviewStatement, VerdictStatement
from fomrepo.model.trust import ReviewerKey, TrustRoot
from fomrepo.site.trust import signature_holds, verify_verdict


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder of the keys."""
    monkeypatch.setenv("FOMREPO_CONFIG", str(tmp_path / "config.toml"))
    return tmp_path / "keys"


def test_a_key_lies_in_files_that_only_its_owner_reads(folder: Path) -> None:
    made = new_key("laptop")
    assert (made.name, made.path) == ("laptop", folder / "laptop.pem")
    assert made.path.stat().st_mode & 0o777 == 0o600
    assert folder.stat().st_mode & 0o077 == 0
    assert find_key("laptop") == made
    assert key_files() == [made]


def test_what_it_signs_holds() -> None:
    made = new_key()
    signer = open_key()
    said = ReviewStatement("tiny", "1.0.0", "a" * 64, "b" * 64, "mdanalysis", "c" * 64, "ada", "bob", 1)
    approval = signer.approve(said)
    assert (approval.statement, approval.key_id) == (said, made.id)
    assert signature_holds(made.public, approval.signature, said.to_bytes())
    verdict = signer.judge(VerdictStatement("tiny", "1.0.0", "a" * 64, "revoked", "wrong", "bob", 1))
    assert verify_verdict(verdict, TrustRoot(1, {made.id: ReviewerKey(made.public, "bob")})) == verdict.statement
    claim = KeyStatement("bob", made.public.hex(), "")
    assert signature_holds(made.public, signer.claim(claim), claim.to_bytes())


def test_a_key_with_a_passphrase_opens_with_it_alone() -> None:
    made = new_key(passphrase="correct horse")
    assert b"ENCRYPTED" in made.path.read_bytes()
    assert open_key(passphrase=lambda: "correct horse").file == made
    for wrong in ("", "correct house"):
        with pytest.raises(ArgumentError, match="not the passphrase of the key 'default'"):
            open_key(passphrase=lambda it=wrong: it)


def test_a_name_is_taken_once() -> None:
    before = new_key().path.read_bytes()
    with pytest.raises(ConflictError, match="there is a key 'default' already"):
        new_key()
    assert find_key().path.read_bytes() == before


@pytest.mark.parametrize("name", ["../escape", "a/b", "", "Bob"])
def test_a_name_does_not_climb(name: str) -> None:
    with pytest.raises(ArgumentError, match="cannot name a key"):
        new_key(name)


def test_a_key_that_is_not_there_is_named() -> None:
    with pytest.raises(NotFoundError, match=r"no key 'default' on this machine\n.*fomrepo key new default"):
        open_key()
    assert key_files() == []


def test_a_key_that_others_can_read_is_refused() -> None:
    new_key().path.chmod(0o644)
    with pytest.raises(SettingsError, match=r"others can read it\n.*chmod 600"):
        open_key()


def test_files_that_are_no_keys_are_refused() -> None:
    made, other = new_key(), new_key("other")
    pem = made.path.read_bytes()
    made.path.write_bytes(b"nonsense")
    with pytest.raises(SettingsError, match="is no private key"):
        open_key()
    made.path.write_bytes(other.path.read_bytes())
    with pytest.raises(SettingsError, match="do not belong together"):
        open_key()
    made.path.write_bytes(pem)
    made.path.with_suffix(".pub").write_text("00")
    with pytest.raises(SettingsError, match="is no public key"):
        open_key()
