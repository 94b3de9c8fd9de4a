"""What makes a method trusted: enough approvals that hold, of exactly this bundle. One bit is too much."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass, replace

import pytest

from fomrepo.errors import MethodNotTrustedError
from fomrepo.model.bundle import pack_files, read_bundle
from fomrepo.model.statements import Approval, ReviewStatement, SignedMethod, VerdictStatement
from fomrepo.model.trust import ReviewerKey, TrustPolicy, TrustRoot
from fomrepo.site.trust import VerifiedMethod, approve, judge, new_key, verify_method, verify_verdict

LOCK = "e" * 64
SIGNED = 1_700_000_000

FILES = {
    "method.toml": b"""name = "tiny"
version = "1.0.0"
summary = "Nothing"
entry = "tiny:tiny"
environment = "mdanalysis"
[inputs]
universe = "trajectory"
[result]
type = "Scalar"
[result.fields.n]
dtype = "int64"
dims = []
""",
    "tiny.py": b"def tiny(u, frames):\n    return {'n': 1}\n",
}
BUNDLE = read_bundle(FILES)


@dataclass(frozen=True)
class Reviewer:
    """A reviewer with a key."""

    name: str
    institution: str
    private: bytes
    public: bytes

    @classmethod
    def new(cls, name: str, institution: str = "") -> Reviewer:
        return cls(name, institution, *new_key())

    @property
    def key(self) -> ReviewerKey:
        return ReviewerKey(self.public, self.name, self.institution)

    def approval(self, *, author: str = "ada", signed: int = SIGNED, lock: str = LOCK) -> Approval:
        statement = ReviewStatement.about(
            BUNDLE, environment_digest=lock, author=author, reviewer=self.name, signed=signed
        )
        return approve(statement, self.private)


BOB, CYD, DAN = Reviewer.new("bob", "Oxford"), Reviewer.new("cyd", "Oxford"), Reviewer.new("dan", "Bristol")


def root(*keys: ReviewerKey, approvals: int = 2, other_institution: bool = False) -> TrustRoot:
    listed = keys or (BOB.key, CYD.key, DAN.key)
    return TrustRoot(1, {one.id: one for one in listed}, TrustPolicy(approvals, other_institution))


def method(*approvals: Approval) -> SignedMethod:
    return SignedMethod(pack_files(FILES), approvals)


def refusal(signed: SignedMethod, trusted: TrustRoot) -> str:
    with pytest.raises(MethodNotTrustedError) as raised:
        verify_method(signed, trusted)
    return raised.value.message


def test_enough_approvals_make_a_method_trusted() -> None:
    verified = verify_method(method(BOB.approval(), CYD.approval()), root())
    assert verified == VerifiedMethod(BUNDLE, LOCK, "ada", ("bob", "cyd"))


def test_one_approval_is_not_two() -> None:
    assert refusal(method(BOB.approval()), root()) == (
        "the method tiny 1.0.0 has 1 valid signatures of reviewers, and this federation asks for 2"
    )
    assert refusal(method(), root()).startswith("the method tiny 1.0.0 has 0 valid")


def test_a_reviewer_with_two_keys_counts_once() -> None:
    again = Reviewer.new("bob")
    trusted = root(BOB.key, again.key)
    assert "1 valid signatures" in refusal(method(BOB.approval(), again.approval()), trusted)
    assert "1 valid signatures" in refusal(method(BOB.approval(), BOB.approval(signed=SIGNED + 1)), trusted)


def test_nobody_approves_what_they_wrote() -> None:
    assert "bob wrote it" in refusal(method(BOB.approval(author="bob"), CYD.approval(author="bob")), root())


def test_an_author_cannot_name_another() -> None:
    mine, honest = BOB.approval(author="somebody"), CYD.approval(author="bob")
    assert "1 valid signatures" in refusal(method(mine, honest), root())


def test_approvals_for_different_environments_do_not_add_up() -> None:
    assert "1 valid signatures" in refusal(method(BOB.approval(), CYD.approval(lock="f" * 64)), root())


def test_only_listed_keys_count() -> None:
    eve = Reviewer.new("eve")
    assert "eve signed with a key that is not listed" in refusal(method(BOB.approval(), eve.approval()), root())


def test_a_key_counts_for_its_owner_only() -> None:
    forged = approve(replace(BOB.approval().statement, reviewer="cyd"), BOB.private)
    assert "cyd signed with a key that is not listed for them" in refusal(method(BOB.approval(), forged), root())


def test_a_revoked_key_counts_no_more() -> None:
    trusted = root(replace(BOB.key, revoked=SIGNED + 10), CYD.key)
    assert "the key of bob was revoked" in refusal(method(BOB.approval(), CYD.approval()), trusted)


def test_a_retired_key_counts_for_what_it_signed_before() -> None:
    trusted = root(replace(BOB.key, retired=SIGNED), CYD.key)
    assert verify_method(method(BOB.approval(), CYD.approval()), trusted).reviewers == ("bob", "cyd")
    late = method(BOB.approval(signed=SIGNED + 1), CYD.approval())
    assert "the key of bob was retired" in refusal(late, trusted)


def test_one_reviewer_is_of_another_institution_where_the_policy_asks_for_it() -> None:
    ada = Reviewer.new("ada", "Oxford")
    trusted = root(ada.key, BOB.key, CYD.key, DAN.key, other_institution=True)
    assert "one of another institution" in refusal(method(BOB.approval(), CYD.approval()), trusted)
    assert verify_method(method(BOB.approval(), DAN.approval()), trusted).reviewers == ("bob", "dan")


def test_a_key_of_the_founder_suffices_alone() -> None:
    founder = Reviewer.new("founder")
    trusted = root(replace(founder.key, alone=True), BOB.key)
    assert verify_method(method(founder.approval()), trusted).reviewers == ("founder",)


SWAPS: dict[str, Callable[[ReviewStatement], ReviewStatement]] = {
    "name": lambda it: replace(it, name="other"),
    "version": lambda it: replace(it, version="1.0.1"),
    "environment": lambda it: replace(it, environment="gmx"),
    "bundle": lambda it: replace(it, bundle_digest="0" * 64),
    "schema": lambda it: replace(it, schema_digest="0" * 64),
}


@pytest.mark.parametrize("what", SWAPS)
def test_an_approval_of_something_else_does_not_count(what: str) -> None:
    other = approve(SWAPS[what](BOB.approval().statement), BOB.private)
    assert "1 valid signatures" in refusal(method(other, CYD.approval()), root())


def test_one_flipped_bit_of_the_bundle_is_refused() -> None:
    trusted, approvals = root(), (BOB.approval(), CYD.approval())
    packed = pack_files(FILES)
    for position in range(len(packed) * 8):
        with pytest.raises(MethodNotTrustedError):
            verify_method(SignedMethod(_flipped(packed, position), approvals), trusted)


def test_one_flipped_bit_of_a_statement_is_refused() -> None:
    trusted, approval = root(), BOB.approval()
    said = approval.statement.to_bytes()

    def believe(stated: bytes) -> None:
        other = dataclasses.replace(approval, statement=ReviewStatement.from_bytes(stated))
        verify_method(method(other, CYD.approval()), trusted)

    for position in range(len(said) * 8):
        with pytest.raises(MethodNotTrustedError):
            believe(_flipped(said, position))


def test_one_flipped_bit_of_a_signature_or_a_key_is_refused() -> None:
    trusted, approval = root(), BOB.approval()
    for position in range(len(approval.signature) * 8):
        other = dataclasses.replace(approval, signature=_flipped(approval.signature, position))
        with pytest.raises(MethodNotTrustedError):
            verify_method(method(other, CYD.approval()), trusted)
    for position in range(256):
        flipped = dataclasses.replace(BOB.key, public=_flipped(BOB.public, position))
        with pytest.raises(MethodNotTrustedError):
            verify_method(method(approval, CYD.approval()), root(flipped, CYD.key))


def test_a_signature_for_one_purpose_is_none_for_another() -> None:
    verdict = VerdictStatement("tiny", "1.0.0", BUNDLE.digest, "revoked", "wrong", "bob", SIGNED)
    stolen = Approval(BOB.approval().statement, BOB.key.id, judge(verdict, BOB.private).signature)
    assert "the signature of bob does not hold" in refusal(method(stolen, CYD.approval()), root())


def test_one_reviewer_suffices_for_a_verdict() -> None:
    said = VerdictStatement("tiny", "1.0.0", BUNDLE.digest, "revoked", "it is wrong", "bob", SIGNED)
    assert verify_verdict(judge(said, BOB.private), root()) == said
    for wrong, trusted in (
        (judge(said, Reviewer.new("bob").private), root()),
        (judge(replace(said, reviewer="cyd"), BOB.private), root()),
        (replace(judge(said, BOB.private), statement=replace(said, reason="it is right")), root()),
        (judge(said, BOB.private), root(replace(BOB.key, revoked=SIGNED))),
    ):
        with pytest.raises(MethodNotTrustedError, match="not signed by a reviewer"):
            verify_verdict(wrong, trusted)


def test_one_flipped_bit_of_a_verdict_is_refused() -> None:
    said = VerdictStatement("tiny", "1.0.0", BUNDLE.digest, "revoked", "it is wrong", "bob", SIGNED)
    verdict, trusted = judge(said, BOB.private), root()
    stated = said.to_bytes()

    def believe(statement: bytes, signature: bytes) -> None:
        verify_verdict(replace(verdict, statement=VerdictStatement.from_bytes(statement), signature=signature), trusted)

    believe(stated, verdict.signature)
    for position in range(len(stated) * 8):
        with pytest.raises(MethodNotTrustedError):
            believe(_flipped(stated, position), verdict.signature)
    for position in range(len(verdict.signature) * 8):
        with pytest.raises(MethodNotTrustedError):
            believe(stated, _flipped(verdict.signature, position))


def test_statements_are_spelt_in_one_way() -> None:
    said = BOB.approval().statement
    assert ReviewStatement.from_bytes(said.to_bytes()) == said
    for other in (b"", b"{}", b"[]", said.to_bytes() + b"\n", said.to_bytes().replace(b":", b": ", 1), b"x" * 5000):
        with pytest.raises(MethodNotTrustedError, match="cannot be read"):
            ReviewStatement.from_bytes(other)


def _flipped(data: bytes, position: int) -> bytes:
    changed = bytearray(data)
    changed[position // 8] ^= 1 << position % 8
    return bytes(changed)
