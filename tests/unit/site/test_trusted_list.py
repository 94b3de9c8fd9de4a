"""The attacks of The Update Framework's list, each against a site that reads its documents from an attacker.

Two are tried in test_registry.py: extraneous dependencies (a bundle imports what its environment has, so an attacker
adds a package to the lock), and whoever delays an answer.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from tuf.api.metadata import Metadata, Root, Timestamp

from fomrepo.errors import FomrepoError, MethodNotTrustedError, SiteError, StorageError
from fomrepo.model.statements import MethodState
from fomrepo.model.trust import ListedMethod, MethodList, TrustPolicy, TrustRoot
from fomrepo.site import trust_documents
from fomrepo.site.trust import new_key
from fomrepo.site.trust_documents import (
    LIST_ROLES,
    first_root,
    lease_document,
    list_documents,
    public_key,
    read_list,
    read_root,
    signed,
    with_trust,
)
from fomrepo.site.trusted_list import LONGEST_LIST, LONGEST_OTHER, LONGEST_ROOT, TrustedList

RMSD = ListedMethod("rmsd", "1.0.0", "a" * 64, 1000, "e" * 64)
LEASE = "timestamp.json"


class Federation:
    """Keys and documents of a federation; what is served may be changed at will."""

    def __init__(self) -> None:
        self.root_key, self.list_key, self.lease_key = new_key(), new_key(), new_key()
        self.root = first_root(root=self.root_key[1], publisher=self.list_key[1], leaser=self.lease_key[1])
        self.served: dict[str, bytes] = {}
        self.serve_root()
        self.leases = 0
        self.publish(1)

    def serve_root(self, *keys: bytes) -> None:
        with_trust(self.root, TrustRoot(self.root.version, {}, TrustPolicy(2)))
        self.served[f"{self.root.version}.root.json"] = signed(Metadata(self.root), keys or [self.root_key[0]])

    def publish(self, version: int, *methods: ListedMethod) -> None:
        listed = MethodList(version, {(one.name, one.version): one for one in methods or (RMSD,)})
        self.served |= list_documents(listed, publisher=self.list_key[0])
        self.lease(version)

    def lease(self, version: int) -> None:
        self.leases += 1
        self.served[LEASE] = lease_document(version=self.leases, list_version=version, leaser=self.lease_key[0])

    def read(self, name: str, longest: int) -> bytes | None:
        found = self.served.get(name)
        return None if found is None or len(found) > longest else found


@pytest.fixture
def federation() -> Federation:
    return Federation()


@pytest.fixture
def site(federation: Federation, tmp_path: Path) -> TrustedList:
    """Return a site that has just joined."""
    return TrustedList(federation.read, tmp_path / "trust", federation.served["1.root.json"])


def tmp_of(site: TrustedList) -> Path:
    """Folder in which a site remembers."""
    return site._folder


def signed_ago(monkeypatch: pytest.MonkeyPatch, **duration: float) -> None:
    """Sign documents from now on as if that had been so long ago."""
    monkeypatch.undo()
    ahead = trust_documents._in
    monkeypatch.setattr(trust_documents, "_in", lambda **ends: ahead(**ends) - datetime.timedelta(**duration))


def test_what_is_signed_is_believed(federation: Federation, site: TrustedList) -> None:
    trusted = site.refresh()
    assert trusted.root == TrustRoot(1, {}, TrustPolicy(2))
    assert trusted.listed == MethodList(1, {("rmsd", "1.0.0"): RMSD})
    federation.publish(2, replace(RMSD, state=MethodState.REVOKED, reason="it is wrong"))
    assert site.refresh().listed.methods["rmsd", "1.0.0"].state is MethodState.REVOKED


# --- arbitrary software, malicious mirrors ----------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["2.snapshot.json", "2.targets.json", LEASE])
def test_a_document_that_somebody_else_signed_is_refused(federation: Federation, site: TrustedList, name: str) -> None:
    site.refresh()
    federation.publish(2)
    forger = Federation()
    forger.leases = 10
    forger.publish(2, replace(RMSD, sha256="b" * 64))
    federation.served[name] = forger.served[name]
    with pytest.raises(MethodNotTrustedError, match="signed by 0/1 keys"):
        site.refresh()


@pytest.mark.parametrize("name", ["2.snapshot.json", "2.targets.json", LEASE])
@pytest.mark.parametrize("spoilt", [None, b"", b"{}", b"[]", b"\xff", b"[" * 10_000], ids=range(6))
def test_a_document_that_is_none_is_refused(
    federation: Federation, site: TrustedList, name: str, spoilt: bytes | None
) -> None:
    site.refresh()
    federation.publish(2)
    good = federation.served.pop(name)
    if spoilt is not None:
        federation.served[name] = spoilt
    with pytest.raises(MethodNotTrustedError):
        site.refresh()
    federation.served[name] = good
    assert site.refresh().listed.version == 2


def test_no_flipped_bit_of_a_list_changes_what_is_believed(federation: Federation, site: TrustedList) -> None:
    federation.publish(2)
    good = federation.served["2.targets.json"]
    listed = read_list(good)
    for position in range(0, len(good) * 8, 37):  # in every fifth byte one bit, each time another one
        changed = bytearray(good)
        changed[position // 8] ^= 1 << position % 8
        federation.served["2.targets.json"] = bytes(changed)
        with suppress(MethodNotTrustedError):
            assert site.refresh().listed == listed  # a hexadecimal digit of the signature in upper case
            (tmp_of(site) / "targets.json").unlink()


# --- rollback, freeze -------------------------------------------------------------------------------------------------


def test_an_older_list_than_the_site_has_seen_is_refused(federation: Federation, site: TrustedList) -> None:
    before = dict(federation.served)
    federation.publish(2, replace(RMSD, state=MethodState.REVOKED, reason="it is wrong"))
    site.refresh()
    federation.served = before
    with pytest.raises(MethodNotTrustedError, match="must be >="):
        site.refresh()


def test_an_older_list_is_refused_under_a_fresh_lease_and_after_a_restart(
    federation: Federation, site: TrustedList, tmp_path: Path
) -> None:
    federation.publish(2)
    site.refresh()
    federation.lease(1)
    restarted = TrustedList(federation.read, tmp_path / "trust", federation.served["1.root.json"])
    with pytest.raises(MethodNotTrustedError, match="snapshot version must be >= 2"):
        restarted.refresh()


def test_a_lease_that_ran_out_is_refused(
    federation: Federation, site: TrustedList, monkeypatch: pytest.MonkeyPatch
) -> None:
    signed_ago(monkeypatch, seconds=31)
    federation.lease(1)
    with pytest.raises(SiteError, match="nobody has confirmed lately"):
        site.refresh()
    signed_ago(monkeypatch, seconds=25)
    federation.lease(1)
    assert site.refresh().listed.version == 1


def test_a_list_that_nobody_signs_anew_runs_out_under_fresh_leases(
    federation: Federation, site: TrustedList, monkeypatch: pytest.MonkeyPatch
) -> None:
    signed_ago(monkeypatch, days=8)
    federation.publish(2)
    monkeypatch.undo()
    federation.lease(2)
    with pytest.raises(SiteError, match="nobody has confirmed lately"):
        site.refresh()


# --- mix and match, wrong software ------------------------------------------------------------------------------------


def test_documents_of_different_times_do_not_fit(federation: Federation, site: TrustedList) -> None:
    federation.publish(2)
    federation.publish(3)
    for name, other in (("3.snapshot.json", "2.snapshot.json"), ("3.targets.json", "2.targets.json")):
        good = federation.served[name]
        federation.served[name] = federation.served[other]
        with pytest.raises(MethodNotTrustedError, match=r"[Ee]xpected .*3, got"):
            site.refresh()
        federation.served[name] = good
    assert site.refresh().listed.version == 3


def test_one_document_does_not_pass_for_another(federation: Federation, site: TrustedList) -> None:
    for name, other in ((LEASE, "1.targets.json"), ("1.snapshot.json", LEASE), ("1.targets.json", "1.snapshot.json")):
        good = federation.served[name]
        federation.served[name] = federation.served[other]
        with pytest.raises(MethodNotTrustedError):
            site.refresh()
        federation.served[name] = good


# --- endless data, slow retrieval -------------------------------------------------------------------------------------


def test_documents_have_a_greatest_length(federation: Federation, site: TrustedList) -> None:
    asked: dict[str, int] = {}

    def read(name: str, longest: int) -> bytes | None:
        asked[name] = longest
        return federation.read(name, longest)

    site._source = read
    site.refresh()
    assert asked == {
        "2.root.json": LONGEST_ROOT,
        LEASE: LONGEST_OTHER,
        "1.snapshot.json": LONGEST_OTHER,
        "1.targets.json": LONGEST_LIST,
    }
    federation.lease(1)
    federation.served[LEASE] += b" " * LONGEST_OTHER
    with pytest.raises(MethodNotTrustedError, match=r"no timestamp\.json of at most"):
        site.refresh()


def test_whoever_serves_more_than_was_asked_for_is_refused(federation: Federation, site: TrustedList) -> None:
    site._source = lambda name, longest: federation.served.get(name)
    federation.served[LEASE] += b" " * LONGEST_OTHER
    with pytest.raises(MethodNotTrustedError, match="exceeding"):
        site.refresh()


def test_a_catalog_that_does_not_answer_is_called_by_its_name(federation: Federation, site: TrustedList) -> None:
    def read(name: str, longest: int) -> bytes | None:
        raise StorageError("the catalog did not answer within 30 s")

    site._source = read
    with pytest.raises(StorageError, match="did not answer"):
        site.refresh()


# --- stolen keys ------------------------------------------------------------------------------------------------------


def follow(root: Root) -> Root:
    """Root of the next version, still to be signed."""
    following, _ = read_root(Metadata(root).to_bytes())
    following.signed.version += 1
    return following.signed


def test_a_key_that_was_taken_out_of_the_root_counts_no_more(federation: Federation, site: TrustedList) -> None:
    site.refresh()
    fresh = new_key()
    federation.root = follow(federation.root)
    for role in LIST_ROLES:
        federation.root.revoke_key(public_key(federation.list_key[1]).keyid, role)
        federation.root.add_key(public_key(fresh[1]), role)
    federation.serve_root()
    federation.publish(2)
    with pytest.raises(MethodNotTrustedError, match="signed by 0/1 keys"):
        site.refresh()
    federation.list_key = fresh
    federation.publish(2)
    assert site.refresh().listed.version == 2


def test_after_a_thief_ran_versions_up_new_keys_begin_anew(federation: Federation, site: TrustedList) -> None:
    federation.leases = 2**60
    federation.publish(2**60)
    assert site.refresh().listed.version == 2**60
    lists, leases = new_key(), new_key()
    federation.root = follow(federation.root)
    for role in LIST_ROLES:
        federation.root.revoke_key(public_key(federation.list_key[1]).keyid, role)
        federation.root.add_key(public_key(lists[1]), role)
    federation.root.revoke_key(public_key(federation.lease_key[1]).keyid, Timestamp.type)
    federation.root.add_key(public_key(leases[1]), Timestamp.type)
    federation.serve_root()
    federation.list_key, federation.lease_key, federation.leases = lists, leases, 0
    federation.publish(1)
    assert site.refresh().listed.version == 1


Shared = tuple[Federation, list[tuple[bytes, bytes]]]


@pytest.fixture
def shared(federation: Federation) -> Shared:
    """Give a federation three root keys, of which two are needed."""
    more = [new_key(), new_key()]
    federation.root = follow(federation.root)
    for _, public in more:
        federation.root.add_key(public_key(public), Root.type)
    federation.root.roles[Root.type].threshold = 2
    federation.serve_root(federation.root_key[0], more[0][0])
    return federation, [federation.root_key, *more]


def test_one_stolen_root_key_of_three_changes_nothing(shared: Shared, site: TrustedList) -> None:
    federation, keys = shared
    assert site.refresh().root.version == 2
    federation.root = follow(federation.root)
    federation.serve_root(keys[1][0])
    with pytest.raises(MethodNotTrustedError, match="signed by 1/2 keys"):
        site.refresh()
    federation.serve_root(keys[1][0], keys[2][0])
    assert site.refresh().root.version == 3


def test_a_new_root_needs_the_keys_of_the_old_one_and_its_own(shared: Shared, site: TrustedList) -> None:
    federation, keys = shared
    site.refresh()
    thief = [new_key(), new_key()]
    federation.root = follow(federation.root)
    for _, public in keys:
        federation.root.revoke_key(public_key(public).keyid, Root.type)
    for _, public in thief:
        federation.root.add_key(public_key(public), Root.type)
    attempts: tuple[Callable[[], None], ...] = (
        lambda: federation.serve_root(*(private for private, _ in thief)),
        lambda: federation.serve_root(*(private for private, _ in keys)),
        lambda: federation.serve_root(thief[0][0], thief[1][0], keys[0][0]),
    )
    for attempt in attempts:
        attempt()
        with pytest.raises(MethodNotTrustedError):
            site.refresh()


def test_a_root_of_a_later_version_is_not_jumped_to(federation: Federation, site: TrustedList) -> None:
    federation.root = follow(follow(federation.root))
    federation.served["2.root.json"] = b""
    federation.serve_root()
    with pytest.raises(MethodNotTrustedError):
        site.refresh()
    del federation.served["2.root.json"]
    assert site.refresh().root.version == 1


def test_a_list_that_is_signed_and_no_list_of_ours_is_refused(federation: Federation, site: TrustedList) -> None:
    federation.publish(2, replace(RMSD, version="1.x"))
    with pytest.raises(FomrepoError, match="list of methods of this federation cannot be read"):
        site.refresh()
