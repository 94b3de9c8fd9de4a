"""What is listed, believed, deprecated and revoked, at sites that share a catalog."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import update

from fomrepo.catalog import open_catalog
from fomrepo.catalog.tables import environments
from fomrepo.errors import ConflictError, MethodNotTrustedError, NotFoundError, SettingsError, SiteError
from fomrepo.isolation.environment import GuestEnvironment, environment_digest
from fomrepo.model.bundle import pack_files, read_bundle
from fomrepo.model.canonical import sha256_hex
from fomrepo.model.methods import Bundle
from fomrepo.model.operations import MethodRef
from fomrepo.model.statements import MethodState, ReviewStatement, SignedMethod, VerdictStatement
from fomrepo.model.submissions import ReviewPolicy
from fomrepo.model.trust import HowNew, TrustPolicy, environment_of, key_id
from fomrepo.site import list_signing, registry, trust_documents
from fomrepo.site.administration import Administration, open_administration
from fomrepo.site.environments import Environments
from fomrepo.site.founding import init_site
from fomrepo.site.registry import Registry, SigningKeys
from fomrepo.site.settings import SiteHome
from fomrepo.site.trust import approve, judge, new_key
from fomrepo.site.trust_home import signing_keys, trusted_list

#: Longer than these tests take on a busy machine, in seconds.
LEASE_S = 3600

SCHEMA = """name = "tiny"
version = "{version}"
summary = "Nothing"
entry = "tiny:tiny"
environment = "{environment}"
[inputs]
universe = "trajectory"
[result]
type = "Scalar"
[result.fields.n]
dtype = "int64"
dims = []
"""


def bundle(version: str = "1.0.0", *, environment: str = "mdanalysis", **more: bytes) -> Bundle:
    """Make a method."""
    files = {
        "method.toml": SCHEMA.format(version=version, environment=environment).encode(),
        "tiny.py": b"def tiny(u, frames):\n    return {'n': 1}\n",
    }
    return read_bundle(files | {name.replace("_", "."): content for name, content in more.items()})


@pytest.fixture(scope="module", autouse=True)
def _leases_outlast_the_tests() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(trust_documents, "LEASE_S", LEASE_S)
        yield


@pytest.fixture(scope="module")
def founded(_leases_outlast_the_tests: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the homes of site-a, which founded, and site-b; they never run."""
    folder = tmp_path_factory.mktemp("founded")
    init_site(folder / "site-a", name="site-a")
    init_site(folder / "site-b", name="site-b", join=folder / "site-a")
    return folder


class Sites:
    """Two sites and the people who use them."""

    def __init__(self, folder: Path, administration: Administration) -> None:
        self.folder, self.administration = folder, administration
        self.catalog, self.trust = administration.catalog, administration.trust
        self.keys: dict[str, tuple[bytes, str]] = {}

    def registry(self, name: str, keys: SigningKeys | None = None) -> Registry:
        """Registry of a site that has just started."""
        home = SiteHome(self.folder / name)
        trusted = trusted_list(home, self.catalog)
        return Registry(self.catalog, trusted, home.bundles, keys or signing_keys(home))

    def publish_key(self, who: str, *, replaces: str | None = None) -> str:
        """Let somebody publish a key; returns its id."""
        person = self.catalog.people.principal(who) or self.catalog.people.add_principal(who)
        private, public = new_key()
        self.keys[who] = private, key_id(public)
        return self.catalog.keys.publish(person.id, public, label="laptop", replaces=replaces)

    def reviewers(self, *names: str, approvals: int = 1) -> None:
        """Let people review, and ask for so many of them."""
        for name in names:
            self.trust.accept_key(self.publish_key(name), institution="Oxford")
        if approvals != 1:
            self.trust.set_policy(TrustPolicy(approvals))

    def approve(self, method: Bundle, *names: str) -> None:
        """Let reviewers approve a method, and a site publish it."""
        lock = environment_of(self.trust.snapshot().listed, method).lock_digest
        approvals = tuple(
            approve(
                ReviewStatement.about(
                    method, environment_digest=lock, author="ada", reviewer=name, signed=int(time.time())
                ),
                self.keys[name][0],
            )
            for name in names
        )
        self.catalog.methods.publish(SignedMethod(pack_files(method.files), approvals), "{}")

    def judge(self, method: Bundle, name: str, state: str = "revoked", reason: str = "it is wrong") -> None:
        """Let a reviewer judge a method."""
        schema = method.schema
        said = VerdictStatement(schema.name, schema.version, method.digest, state, reason, name, int(time.time()))
        self.catalog.methods.judge(judge(said, self.keys[name][0]))


@pytest.fixture
def sites(founded: Path, tmp_path: Path) -> Iterator[Sites]:
    """Return sites of a test's own."""
    shutil.copytree(founded, tmp_path / "sites")
    for name in ("site-a", "site-b"):
        settings = tmp_path / "sites" / name / "site.toml"
        settings.write_text(settings.read_text().replace(str(founded), str(tmp_path / "sites")))
    with open_administration(tmp_path / "sites" / "site-a") as administration:
        yield Sites(tmp_path / "sites", administration)


TINY = MethodRef("tiny")


def test_what_enough_reviewers_approved_is_listed_where_the_key_of_the_list_lies(sites: Sites) -> None:
    sites.reviewers("bob", "cyd", approvals=2)
    a, b = sites.registry("site-a"), sites.registry("site-b")
    sites.approve(bundle(), "bob")
    with pytest.raises(MethodNotTrustedError, match="1 valid signatures of reviewers, and this federation asks for 2"):
        a.find(TINY)
    sites.approve(bundle(), "cyd")
    with pytest.raises(MethodNotTrustedError, match="is not on the federation's signed list"):
        b.find(TINY)
    assert a.find(TINY) == b.find(TINY) == bundle()
    known = b.vouch(bundle())
    assert (known.verified.author, known.verified.reviewers) == ("ada", ("bob", "cyd"))
    b.verify_again(bundle().schema)


def test_a_site_reads_again_only_what_has_changed(sites: Sites, monkeypatch: pytest.MonkeyPatch) -> None:
    b = sites.registry("site-b")
    before = b.snapshot()
    monkeypatch.setattr(b, "_refresh", None)
    assert b.snapshot() is before
    assert b.number == before.number


@pytest.mark.parametrize("where", ["site-a", "site-b"])
def test_one_reviewer_revokes_at_every_site_at_once(sites: Sites, where: str) -> None:
    sites.reviewers("bob", "cyd")
    sites.approve(bundle(), "bob")
    a, other = sites.registry("site-a"), sites.registry(where)
    assert a.find(TINY) == other.find(TINY) == bundle()
    sites.judge(bundle(), "cyd")
    with pytest.raises(MethodNotTrustedError, match=r"tiny 1\.0\.0 was revoked: it is wrong\n.*method tainted tiny"):
        other.find(TINY)
    for refused in (other.vouch, lambda it: other.verify_again(it.schema)):
        with pytest.raises(MethodNotTrustedError, match="was revoked"):
            refused(bundle())
    with pytest.raises(MethodNotTrustedError, match="was revoked"):
        other.refuse_revoked(bundle().digest)
    assert set(other.revoked()) == {bundle().digest}
    assert ("tiny", "1.0.0") not in other.snapshot().methods


def test_what_was_revoked_stays_so_when_the_verdict_is_gone(sites: Sites) -> None:
    sites.reviewers("bob")
    sites.approve(bundle(), "bob")
    sites.judge(bundle(), "bob")
    sites.registry("site-a").snapshot()
    sites.catalog._database.write(lambda c: c.exec_driver_sql("DELETE FROM verdicts"))
    with pytest.raises(MethodNotTrustedError, match="was revoked: it is wrong"):
        sites.registry("site-b").find(TINY)


def test_operators_revoke_and_deprecate_without_a_reviewer(sites: Sites) -> None:
    b = sites.registry("site-b")
    sites.trust.set_state("rmsd", "1.0.0", MethodState.DEPRECATED, "there is a better one")
    rmsd = b.find(MethodRef("rmsd"))
    assert (b.vouch(rmsd).state, b.vouch(rmsd).reason) == (MethodState.DEPRECATED, "there is a better one")
    sites.trust.set_state("rmsd", "1.0.0", MethodState.REVOKED, "it is wrong")
    with pytest.raises(MethodNotTrustedError, match="was revoked: it is wrong"):
        b.find(MethodRef("rmsd", "1.0.0"))
    with pytest.raises(NotFoundError, match=r"no method rmsd 9\.0\.0"):
        sites.trust.set_state("rmsd", "9.0.0", MethodState.REVOKED, "x")


def test_a_bare_name_means_the_newest_that_is_in_use(sites: Sites) -> None:
    sites.reviewers("bob")
    for version in ("1.0.0", "1.10.0", "1.9.0"):
        sites.approve(bundle(version), "bob")
    a = sites.registry("site-a")
    assert a.find(TINY).schema.version == "1.10.0"
    sites.judge(bundle("1.10.0"), "bob", "deprecated", "slow")
    assert a.find(TINY).schema.version == "1.9.0"
    assert a.find(MethodRef("tiny", "1.10.0")).schema.version == "1.10.0"
    for version in ("1.0.0", "1.9.0"):
        sites.judge(bundle(version), "bob", "revoked")
    assert a.find(TINY).schema.version == "1.10.0"


def test_a_verdict_never_makes_milder(sites: Sites) -> None:
    sites.reviewers("bob")
    sites.approve(bundle(), "bob")
    sites.judge(bundle(), "bob", "revoked")
    sites.judge(bundle(), "bob", "deprecated", "not so bad")
    for _ in range(2):
        with pytest.raises(MethodNotTrustedError, match="was revoked: it is wrong"):
            sites.registry("site-a").find(TINY)


def test_a_verdict_of_somebody_else_changes_nothing(sites: Sites) -> None:
    sites.reviewers("bob")
    sites.approve(bundle(), "bob")
    sites.publish_key("eve")
    sites.judge(bundle(), "eve")
    assert sites.registry("site-a").find(TINY) == bundle()


def test_methods_that_fall_below_the_policy_stop_until_somebody_approves_again(sites: Sites) -> None:
    sites.reviewers("bob", "cyd", "dan", approvals=2)
    sites.approve(bundle(), "bob", "cyd")
    a, b = sites.registry("site-a"), sites.registry("site-b")
    assert a.find(TINY) == bundle()
    changed, lost = sites.trust.revoke_key(sites.keys["cyd"][1])
    assert changed is not None
    assert lost == ("tiny 1.0.0",)
    with pytest.raises(MethodNotTrustedError, match=r"1 valid signatures.*the key of cyd was revoked"):
        b.find(TINY)
    sites.approve(bundle(), "dan")
    assert b.find(TINY) == bundle()


def test_owners_revoke_their_keys_without_the_root(sites: Sites) -> None:
    sites.reviewers("bob")
    sites.approve(bundle(), "bob")
    b = sites.registry("site-b")
    sites.registry("site-a").snapshot()
    assert b.find(TINY) == bundle()
    bob = sites.catalog.people.principal("bob")
    assert bob is not None
    sites.catalog.keys.revoke(sites.keys["bob"][1], principal_id=bob.id)
    with pytest.raises(MethodNotTrustedError, match="the key of bob was revoked"):
        b.find(TINY)


def test_a_rotated_key_goes_on_to_count_for_what_it_signed(sites: Sites) -> None:
    sites.reviewers("bob")
    sites.approve(bundle(), "bob")
    old = sites.keys["bob"]
    assert sites.registry("site-a").find(TINY) == bundle()
    sites.trust.accept_key(sites.publish_key("bob", replaces=old[1]))
    root = sites.trust.snapshot().root
    assert root.reviewers[old[1]].retired is not None
    assert root.reviewers[sites.keys["bob"][1]].institution == "Oxford"
    assert sites.registry("site-b").find(TINY) == bundle()


def test_a_stricter_policy_stops_what_has_too_few_approvals(sites: Sites) -> None:
    sites.reviewers("bob")
    sites.approve(bundle(), "bob")
    b = sites.registry("site-b")
    sites.registry("site-a").snapshot()
    assert b.find(TINY) == bundle()
    changed, lost = sites.trust.set_policy(TrustPolicy(2))
    assert (changed.missing, lost) == (0, ("tiny 1.0.0",))
    with pytest.raises(MethodNotTrustedError, match="asks for 2"):
        b.find(TINY)
    assert b.find(MethodRef("rmsd")).schema.name == "rmsd"  # what the founder published stays
    assert sites.catalog.reviewers.policy().approvals == 2


def test_a_later_change_of_the_root_neither_weakens_the_policy_nor_brings_a_reviewer_back(
    founded: Path, tmp_path: Path
) -> None:
    policy = ReviewPolicy(2, other_institution=True)
    init_site(tmp_path / "strict", name="strict", policy=policy)
    with open_administration(tmp_path / "strict") as administration:
        sites = Sites(tmp_path, administration)
        sites.reviewers("bob")
        sites.catalog.reviewers.remove("bob")
        sites.reviewers("cyd")
        assert sites.catalog.reviewers.policy() == policy
        assert sites.trust.root().policy == TrustPolicy(2, other_institution=True)
        assert [name for name, _ in sites.catalog.reviewers.all()] == ["cyd"]


def test_a_key_is_accepted_with_the_institution_that_was_noted_for_its_owner(sites: Sites) -> None:
    sites.publish_key("bob")
    sites.catalog.reviewers.set_institution("bob", "Institute of Ice")
    sites.trust.accept_key(sites.keys["bob"][1])
    assert sites.trust.root().reviewers[sites.keys["bob"][1]].institution == "Institute of Ice"
    assert sites.catalog.reviewers.all() == (("bob", "Institute of Ice"),)


def test_other_bytes_under_a_listed_name_are_not_taken_in(sites: Sites) -> None:
    sites.reviewers("bob")
    sites.approve(bundle(), "bob")
    sites.registry("site-a").snapshot()
    other = bundle(README_md=b"other")
    sites.catalog._database.write(lambda c: c.exec_driver_sql("DELETE FROM approvals"))
    sites.catalog._database.write(lambda c: c.exec_driver_sql("DELETE FROM methods WHERE name = 'tiny'"))
    sites.approve(other, "bob")
    for name in ("site-a", "site-b"):
        with pytest.raises(MethodNotTrustedError, match="its bundle is not the one that was listed"):
            sites.registry(name).find(TINY)


# --- the lease and the list -------------------------------------------------------------------------------------------


def expire(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    """Let time pass, as far as registries see it."""
    real = time.time
    for module in (registry, list_signing):
        monkeypatch.setattr(module, "time", _Clock(lambda: real() + seconds), raising=False)


def renew_always(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every look at a lease renew it."""
    for module in (registry, list_signing):
        monkeypatch.setattr(module, "RENEW_LEASE_BELOW_S", 2.0 * LEASE_S)


class _Clock:
    def __init__(self, now: Callable[[], float]) -> None:
        self.time = now


def test_a_site_that_is_cut_off_stops_when_its_lease_ends(sites: Sites, monkeypatch: pytest.MonkeyPatch) -> None:
    cut_off = sites.registry("site-b", SigningKeys())
    rmsd = cut_off.find(MethodRef("rmsd"))
    left = cut_off.snapshot().holds_until - time.time()
    expire(monkeypatch, left - 60)
    cut_off.vouch(rmsd)
    expire(monkeypatch, left + 1)
    monkeypatch.setattr(cut_off._trusted, "_source", lambda name, longest: None)
    for refused in (cut_off.vouch, lambda it: cut_off.find(MethodRef("rmsd"))):
        with pytest.raises((SiteError, MethodNotTrustedError)):
            refused(rmsd)


def test_any_site_renews_the_lease(sites: Sites, monkeypatch: pytest.MonkeyPatch) -> None:
    b = sites.registry("site-b")
    before = b.snapshot()
    assert b.keep_fresh() is before  # it is fresh
    renew_always(monkeypatch)
    time.sleep(1.1)  # the format has whole seconds
    assert b.keep_fresh().holds_until > before.holds_until
    assert sites.registry("site-a", SigningKeys()).snapshot().holds_until == b.snapshot().holds_until


def lease(sites: Sites) -> bytes:
    """Lease that is there."""
    return sites.catalog.trust.read("timestamp.json", 10_000) or b""


def test_a_site_that_the_root_does_not_list_renews_nothing(sites: Sites, monkeypatch: pytest.MonkeyPatch) -> None:
    renew_always(monkeypatch)
    before = lease(sites)
    sites.registry("site-b", SigningKeys(lease=new_key()[0])).keep_fresh()
    assert lease(sites) == before
    sites.registry("site-b").keep_fresh()
    assert lease(sites) != before


def test_a_site_that_others_are_ahead_of_confirms_nothing(sites: Sites, monkeypatch: pytest.MonkeyPatch) -> None:
    b = sites.registry("site-b")
    known = b.snapshot()
    before, newest = lease(sites), b.how_new
    assert newest == HowNew(known.root.version, known.listed.version, known.number)
    renew_always(monkeypatch)
    ahead = [newest._replace(changes=newest.changes + 1), newest._replace(listed=newest.listed + 1, changes=0)]
    for one in (*ahead, HowNew(newest.root + 1, 0, 0)):
        monkeypatch.setattr(b, "_elsewhere", lambda one=one: [newest, one])
        b.keep_fresh()
        assert (lease(sites), b.snapshot().holds_until) == (before, known.holds_until)  # until its lease ends
    expire(monkeypatch, known.holds_until - time.time() + 1)
    with monkeypatch.context() as ended:
        ended.setattr(b._trusted, "refresh", refuse)
        with pytest.raises(SiteError, match="another site knows a newer list"):
            b.snapshot()
    monkeypatch.setattr(b, "_elsewhere", lambda: [newest, newest._replace(listed=0)])
    b.keep_fresh()
    assert lease(sites) != before


def refuse() -> None:
    """Refuse documents, as where a lease has run out."""
    raise SiteError("nobody has confirmed lately")


def test_whoever_delays_an_answer_gets_no_longer_lease_by_it(sites: Sites, monkeypatch: pytest.MonkeyPatch) -> None:
    """Slow retrieval: what is verified goes on without an answer until the lease ends, and not beyond."""
    slowed, let_go = sites.registry("site-b", SigningKeys()), threading.Event()
    rmsd = slowed.find(MethodRef("rmsd"))
    left = slowed.snapshot().holds_until - time.time()
    monkeypatch.setattr(slowed._trusted, "_source", lambda name, longest: let_go.wait(20) and None)
    expire(monkeypatch, left - 60)
    slowed.vouch(rmsd)
    expire(monkeypatch, left + 1)
    with ThreadPoolExecutor(2) as pool:
        asked = [pool.submit(slowed.vouch, rmsd), pool.submit(slowed.keep_fresh)]
        assert wait(asked, timeout=0.3).done == set()  # nothing is said, so nothing runs
        let_go.set()
        for one in asked:
            with pytest.raises((SiteError, MethodNotTrustedError)):
                one.result(20)


def test_a_lease_that_somebody_spoilt_is_replaced(sites: Sites) -> None:
    b = sites.registry("site-b")
    b.snapshot()
    for spoilt in (b"", b"nonsense", lease(sites)[:-1]):
        sites.catalog.trust.add(1, {"timestamp.json": spoilt}, again=True)
        assert b.find(MethodRef("rmsd")).schema.name == "rmsd"
        assert lease(sites) != spoilt


def test_a_list_is_signed_anew_in_time(sites: Sites, monkeypatch: pytest.MonkeyPatch) -> None:
    before = sites.registry("site-b").snapshot().listed
    monkeypatch.setattr(registry, "SIGN_LIST_BELOW_S", 8 * 86_400)
    assert sites.registry("site-b").snapshot().listed == before  # its key is not here
    assert sites.registry("site-a").snapshot().listed == replace(before, version=before.version + 1)


# --- the root ---------------------------------------------------------------------------------------------------------


def test_a_new_root_key_takes_the_place_of_the_old_one(sites: Sites) -> None:
    old = (sites.folder / "site-a" / "secrets" / "root.key").read_bytes()
    assert sites.trust.replace_root_key().missing == 0
    sites.reviewers("bob")
    (sites.folder / "site-a" / "secrets" / "root.key").write_bytes(old)
    assert sites.trust.set_policy(TrustPolicy(3))[0].missing == 1
    assert sites.trust.snapshot().root.policy.approvals == 1


def test_a_change_waits_until_enough_have_signed(sites: Sites) -> None:
    from tuf.api.metadata import Root

    from fomrepo.site.trust_documents import public_half, public_key

    second, public = new_key()

    def two(root: Root, trust: object) -> object:
        root.add_key(public_key(public), Root.type)
        root.roles[Root.type].threshold = 2
        return trust

    first = sites.administration.home.read_secret("root.key")
    sites.trust._change(two, second)
    assert sites.trust.set_policy(TrustPolicy(2))[0].missing == 1
    assert sites.trust.snapshot().root.policy.approvals == 1
    assert sites.catalog.reviewers.policy().approvals == 1
    with pytest.raises(ConflictError, match="another change of the root waits for signatures"):
        sites.trust.set_policy(TrustPolicy(3))
    assert sites.trust.countersign().missing == 1  # the same key again
    sites.administration.home.replace_secret("root.key", second)
    assert sites.trust.countersign().missing == 0
    assert sites.registry("site-b").snapshot().root.policy.approvals == 2
    assert sites.catalog.reviewers.policy().approvals == 2
    with pytest.raises(NotFoundError, match="no change of the root waits"):
        sites.trust.countersign()
    assert public_half(first) != public
    assert sites.trust.set_policy(TrustPolicy(1))[0].missing == 1
    sites.trust.drop_change()
    assert sites.trust.set_policy(TrustPolicy(4))[0].missing == 1


def test_after_a_theft_of_the_keys_of_the_list_all_begins_anew(sites: Sites, monkeypatch: pytest.MonkeyPatch) -> None:
    b = sites.registry("site-b")
    listed = b.snapshot().listed
    sites.trust.replace_list_keys()
    assert sites.registry("site-a").snapshot().listed == replace(listed, version=1)
    assert b.snapshot().listed == replace(listed, version=1)
    sites.trust.set_state("box", "1.0.0", MethodState.DEPRECATED, "box_sanity says more")  # and goes on from there
    assert b.snapshot().listed.version == 2
    renew_always(monkeypatch)
    before = lease(sites)
    b.keep_fresh()
    assert lease(sites) == before  # its key went with the others
    with open_administration(sites.folder / "site-b") as other:
        sites.trust.accept_site(other.trust.renew_site_key())
    sites.registry("site-b").keep_fresh()
    assert lease(sites) != before


def test_only_the_founders_home_has_the_keys(sites: Sites) -> None:
    with open_administration(sites.folder / "site-b") as other:
        for refused in (
            lambda: other.trust.set_policy(TrustPolicy(2)),
            lambda: other.trust.set_state("rmsd", "1.0.0", MethodState.REVOKED, "x"),
            lambda: other.trust.add_environment("gmx", b"numpy==2.0"),
        ):
            with pytest.raises(SettingsError, match="run the command on the home that founded the federation"):
                refused()


def test_a_site_that_joins_later_pins_the_newest_root(sites: Sites) -> None:
    sites.reviewers("bob")
    init_site(sites.folder / "site-c", name="site-c", join=sites.folder / "site-a")
    version = sites.trust.snapshot().root.version
    (sites.folder / "site-c" / "trust").rmdir()
    with open_catalog(sites.administration.settings.catalog):
        assert sites.registry("site-c").snapshot().root.version == version


# --- environments -----------------------------------------------------------------------------------------------------


def test_an_environment_becomes_official_by_its_lock(sites: Sites) -> None:
    lock = b"numpy==2.0 --hash=sha256:00\n"
    digest = sites.trust.add_environment("gmx", lock)
    listed = sites.registry("site-b").snapshot().listed
    found = listed.environment("gmx")
    assert found is not None
    assert (found.lock_digest, found.official) == (digest, True)
    assert sites.catalog.environments.read(digest, 1000) == lock
    assert sites.trust.add_environment("gmx", lock) == digest
    assert sites.registry("site-b").snapshot().listed == listed


def test_a_method_keeps_the_environment_that_it_was_approved_for(sites: Sites) -> None:
    sites.reviewers("bob")
    sites.approve(bundle(), "bob")
    a = sites.registry("site-a")
    old = a.vouch(a.find(TINY)).verified.environment_digest
    new = sites.trust.add_environment("mdanalysis", b"another lock")
    assert new != old
    assert a.vouch(a.find(TINY)).verified.environment_digest == old
    sites.approve(bundle("2.0.0"), "bob")
    assert a.vouch(a.find(TINY)).verified.environment_digest == new


def test_a_method_may_bring_an_environment_that_its_reviewers_approve_with_it(sites: Sites) -> None:
    sites.reviewers("bob")
    lock = b"numpy==2.0 --hash=sha256:00\n"
    own = bundle(environment="gmx", environment_lock=lock)
    sites.approve(own, "bob")
    a = sites.registry("site-a")
    assert a.vouch(a.find(TINY)).verified.environment_digest == sha256_hex(lock)
    assert sites.catalog.environments.read(sha256_hex(lock), 1000) == lock
    assert a.snapshot().listed.environment("gmx") is None  # others get it by bringing it, too


def test_a_lock_to_which_somebody_adds_a_package_is_not_used(sites: Sites, tmp_path: Path) -> None:
    sites.reviewers("bob")
    lock = b"numpy==2.0 --hash=sha256:00\n"
    sites.trust.add_environment("gmx", lock)
    sites.approve(bundle(environment="gmx"), "bob")
    nothing = GuestEnvironment("mdanalysis", "0" * 64, tmp_path, (), (), tmp_path / "mdanalysis" / "packages")

    def digest_here() -> str:
        return Environments(sites.catalog, sites.registry("site-b"), nothing).digest_of(bundle(environment="gmx"))

    assert digest_here() == environment_digest(lock)
    more = update(environments).values(lock=lock + b"evil==1.0 --hash=sha256:11\n")
    sites.catalog._database.write(lambda connection: connection.execute(more))
    with pytest.raises(NotFoundError, match="nobody has the lock of the guest environment gmx"):
        digest_here()


def test_a_method_without_a_known_environment_cannot_be_approved(sites: Sites) -> None:
    sites.reviewers("bob")
    with pytest.raises(NotFoundError, match=r"no guest environment 'gmx', which tiny needs\n.*environment\.lock"):
        sites.approve(bundle(environment="gmx"), "bob")
