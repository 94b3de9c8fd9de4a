"""What becomes of versions, what the database refuses whoever writes, and what the audit log says of it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial

import pytest
from sqlalchemy import Connection, text

from fomrepo.catalog import Catalog, systems
from fomrepo.catalog.tables import versions
from fomrepo.errors import ArgumentError, ConflictError, InternalError, NotAllowedError, NotFoundError, WithdrawnError
from fomrepo.model.audit import CLOCK, OPERATOR, AuditEntry, entry_digest, faults_of
from fomrepo.model.files import RecordName, RecordState, RecordVersion, ReplicaState
from fomrepo.model.people import Principal
from fomrepo.model.submissions import ReviewPolicy
from fomrepo.model.systems import ComparedFile, Likeness, fingerprints
from tests.catalog.examples import ADK, DCD, FINGERPRINT, PSF, method, named, publish, record, result, withdraw

#: How far a date lies ahead that no test comes to.
FAR_S = 86_400.0
#: What the first trigger says that refuses a step back: which one that is, the database decides.
NEITHER = "(this state of a version cannot follow|a version cannot become public|a version is withdrawn once)"


@pytest.fixture
def ada(catalog: Catalog) -> Principal:
    return catalog.people.add_principal("ada")


@pytest.fixture
def bob(catalog: Catalog) -> Principal:
    return catalog.people.add_principal("bob")


@pytest.fixture
def adk(catalog: Catalog, ada: Principal) -> RecordVersion:
    return record(catalog, ada)


def by_hand(catalog: Catalog, statement: str) -> None:
    """Write to the database past all operations."""
    catalog._database.write(lambda connection: connection.execute(text(statement)))


def is_refused(catalog: Catalog, statement: str, sentence: str) -> None:
    """Check that the database itself refuses a statement."""
    with pytest.raises(InternalError, match=sentence):
        by_hand(catalog, statement)


def log(catalog: Catalog) -> list[tuple[str, str, str]]:
    """Actor, action and subject of every entry."""
    return [(one.actor, one.action, one.subject) for one in catalog.audit.all()]


# --- who sees what, and when ------------------------------------------------------------------------------------------


def test_what_is_published_is_seen_by_everybody(
    catalog: Catalog, adk: RecordVersion, ada: Principal, bob: Principal
) -> None:
    done = publish(catalog, adk)
    assert done == replace(
        adk, state=RecordState.PUBLISHED, licence="CC-BY-4.0", public_from=done.public_from, files=adk.files
    )
    assert catalog.records.find(named(adk), bob.id) == done
    assert publish(catalog, adk) == done
    assert [one[1] for one in log(catalog) if one[2] == adk.versioned] == ["deposit accepted", "published"]


def test_only_members_publish(catalog: Catalog, adk: RecordVersion, bob: Principal) -> None:
    with pytest.raises(NotFoundError, match=f"no record {adk.accession} that you may see"):
        catalog.lifecycle.publish(named(adk), bob.id, licence="MIT")
    publish(catalog, adk)
    with pytest.raises(NotAllowedError, match="members of the project 'ada'"):
        catalog.lifecycle.withdraw(named(adk), bob.id, "it is mine")


def test_an_embargo_is_a_matter_of_the_clock(
    catalog: Catalog, adk: RecordVersion, ada: Principal, bob: Principal
) -> None:
    done = publish(catalog, adk, embargo_until=time.time() + FAR_S)
    assert done.state is RecordState.EMBARGOED
    assert catalog.records.find(named(adk), bob.id) is None
    assert catalog.records.page(bob.id, limit=9) == ((), None)
    resolved = catalog.calls.resolve(ada.id, [(named(adk), "adk.psf")], None)
    assert resolved.scope == "project:ada"
    soon = time.time() + 0.3
    catalog.lifecycle.set_embargo(named(adk), ada.id, soon)
    assert not catalog.lifecycle.embargoes_have_ended()
    time.sleep(0.4)
    assert catalog.records.find(named(adk), bob.id) == replace(done, state=RecordState.PUBLISHED, public_from=soon)
    resolved = catalog.calls.resolve(bob.id, [(named(adk), "adk.psf")], None)
    assert resolved.scope == "public"
    assert catalog.lifecycle.embargoes_have_ended()
    assert catalog.lifecycle.note_ended_embargoes() == (adk.versioned,)
    assert catalog.lifecycle.note_ended_embargoes() == ()
    assert log(catalog)[-2:] == [("ada", "embargo set", adk.versioned), (CLOCK, "embargo lifted", adk.versioned)]


@pytest.mark.parametrize("when", [lambda now: now - 1, lambda now: now + 11 * 366 * 86_400])
def test_an_embargo_ends_neither_in_the_past_nor_after_a_career(
    catalog: Catalog, adk: RecordVersion, ada: Principal, when: Callable[[float], float]
) -> None:
    with pytest.raises(ArgumentError, match="an embargo cannot end on that date"):
        publish(catalog, adk, embargo_until=when(time.time()))
    assert catalog.records.find(named(adk), ada.id) == adk


def test_an_embargo_can_be_lifted_and_never_comes_back(catalog: Catalog, adk: RecordVersion, ada: Principal) -> None:
    with pytest.raises(ConflictError, match="is private and under no embargo"):
        catalog.lifecycle.set_embargo(named(adk), ada.id, None)
    publish(catalog, adk, embargo_until=time.time() + FAR_S)
    assert catalog.lifecycle.set_embargo(named(adk), ada.id, None).state is RecordState.PUBLISHED
    assert catalog.lifecycle.set_embargo(named(adk), ada.id, None).state is RecordState.PUBLISHED
    with pytest.raises(ConflictError, match="is published and under no embargo"):
        catalog.lifecycle.set_embargo(named(adk), ada.id, time.time() + FAR_S)
    assert not catalog.lifecycle.embargoes_have_ended()


def test_a_second_publication_in_another_way_is_refused(catalog: Catalog, adk: RecordVersion, ada: Principal) -> None:
    publish(catalog, adk)
    with pytest.raises(ConflictError, match=r"published under CC-BY-4\.0, and that does not change"):
        catalog.lifecycle.publish(named(adk), ada.id, licence="MIT")
    with pytest.raises(ConflictError, match="is published already"):
        publish(catalog, adk, embargo_until=time.time() + FAR_S)


# --- withdrawal -------------------------------------------------------------------------------------------------------


def test_a_tombstone_has_no_files_and_a_reason(catalog: Catalog, adk: RecordVersion, bob: Principal) -> None:
    publish(catalog, adk)
    gone = withdraw(catalog, adk)
    assert (gone.state, gone.files, gone.reason) == (RecordState.WITHDRAWN, (), "the box was wrong")
    assert catalog.records.find(named(adk), bob.id) == gone
    with pytest.raises(WithdrawnError, match=rf"{adk.versioned} was withdrawn on [-0-9]+: the box was wrong"):
        catalog.calls.resolve(bob.id, [(named(adk), "adk.psf")], None)
    with pytest.raises(WithdrawnError):
        catalog.lifecycle.refuse_withdrawn({adk.versioned})
    assert withdraw(catalog, adk, "another reason") == gone
    with pytest.raises(WithdrawnError):
        publish(catalog, adk)


@pytest.mark.parametrize("embargoed", [False, True])
def test_a_tombstone_of_what_was_not_public_is_not(
    catalog: Catalog, adk: RecordVersion, ada: Principal, bob: Principal, embargoed: bool
) -> None:
    if embargoed:
        publish(catalog, adk, embargo_until=time.time() + FAR_S)
    gone = withdraw(catalog, adk)
    assert gone.public_from is None
    assert catalog.records.find(named(adk), ada.id) == gone
    assert catalog.records.find(named(adk), bob.id) is None


def test_a_bare_name_means_the_newest_version_that_is_not_withdrawn(
    catalog: Catalog, adk: RecordVersion, ada: Principal
) -> None:
    second = record(catalog, ada, new_version_of=named(adk))
    withdraw(catalog, second)
    found = catalog.records.find(named(adk), ada.id)
    assert found is not None
    assert (found.versioned, found.superseded_by) == (adk.versioned, None)
    (listed,), _ = catalog.records.page(ada.id, limit=9)
    assert listed.versioned == adk.versioned


def test_results_go_with_content_that_no_version_has_any_more(
    catalog: Catalog, adk: RecordVersion, ada: Principal
) -> None:
    changed = (ADK[0], replace(ADK[1], digest="d" * 64))
    record(catalog, ada, name="other", files=changed)  # it has the same topology
    for key, digest in (("of topology", PSF), ("of trajectory", DCD)):
        kept = result(key, blob=key)
        assert catalog.calls.commit_result(kept, replicas=[(digest, {PSF: 2, DCD: 1}[digest])], versions=[], current=[])
    assert catalog.lifecycle.withdrawn_since(0) == (catalog.audit.head()[0], ())
    withdraw(catalog, adk)
    number, digests = catalog.lifecycle.withdrawn_since(0)
    assert digests == (DCD,)
    assert catalog.lifecycle.withdrawn_since(number) == (number, ())
    assert catalog.lifecycle.forget_results("site-a", digests) == ("of trajectory",)
    assert catalog.lifecycle.forget_results("site-a", digests) == ()


# --- what takes the place of what -------------------------------------------------------------------------------------


def test_what_superseded_a_version_is_said_to_those_who_may_see_it(
    catalog: Catalog, adk: RecordVersion, ada: Principal, bob: Principal
) -> None:
    publish(catalog, adk)
    second = record(catalog, ada, new_version_of=named(adk))
    first = RecordName(adk.accession, None, 1)

    def said(who: Principal) -> str | None:
        found = catalog.records.find(first, who.id)
        assert found is not None
        return found.superseded_by

    assert (said(ada), said(bob)) == (second.versioned, None)
    publish(catalog, second)
    assert said(bob) == second.versioned
    other = record(catalog, ada, name="other")
    assert catalog.lifecycle.supersede(first, ada.id, named(other)).superseded_by == other.versioned
    assert (said(ada), said(bob)) == (other.versioned, second.versioned)
    with pytest.raises(ConflictError, match=f"{adk.versioned} was itself superseded by {other.versioned}"):
        catalog.lifecycle.supersede(named(other), ada.id, first)
    with pytest.raises(ConflictError, match="cannot supersede itself"):
        catalog.lifecycle.supersede(first, ada.id, first)
    withdraw(catalog, other)
    assert said(ada) == second.versioned
    catalog.lifecycle.supersede(first, ada.id, None)
    assert [one[1] for one in log(catalog) if one[2] == adk.versioned][-2:] == ["superseded", "superseded"]


# --- what the database refuses ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("embargoed", [False, True])
@pytest.mark.parametrize(
    "change",
    ["title = 'x'", "number = 7", "owner_id = record_id", "created = 0", "licence = 'MIT'", "claims = '{}'"],
)
def test_a_published_version_does_not_change(
    catalog: Catalog, adk: RecordVersion, change: str, embargoed: bool
) -> None:
    publish(catalog, adk, embargo_until=time.time() + FAR_S if embargoed else None)
    is_refused(catalog, f"UPDATE versions SET {change}", "a published version does not change")


@pytest.mark.parametrize(
    ("statement", "sentence"),
    [
        ("UPDATE files SET digest = 'x'", "a published file does not change"),
        ("UPDATE files SET facts = '{}'", "a published file does not change"),
        ("UPDATE files SET name = 'x' WHERE position = 0", "a published file does not change"),
        ("DELETE FROM files", "a published file is not deleted"),
        (
            "INSERT INTO files (id, version_id, position, name, file_type, digest, size, facts) "
            "SELECT 'new', id, 9, 'new', 'PSF', 'x', 1, '{}' FROM versions",
            "a published version gets no more files",
        ),
        ("UPDATE versions SET state = 'private'", NEITHER),
        ("UPDATE versions SET public_from = public_from + 1", "a version cannot become public, or cease to be"),
        ("UPDATE versions SET public_from = NULL", "a version cannot become public, or cease to be"),
        ("UPDATE versions SET state = 'withdrawn'", "a version is withdrawn once, with a reason"),
    ],
)
def test_what_is_published_stays(catalog: Catalog, adk: RecordVersion, statement: str, sentence: str) -> None:
    publish(catalog, adk)
    is_refused(catalog, statement, sentence)


@pytest.mark.parametrize(
    ("statement", "sentence"),
    [
        ("UPDATE versions SET state = 'published', public_from = 1", "without a licence cannot be published"),
        ("UPDATE versions SET state = 'published', licence = 'MIT'", "a version cannot become public"),
        ("UPDATE versions SET public_from = 1", "a version cannot become public"),
        (
            "INSERT INTO versions (id, record_id, number, is_current, state, title, owner_id, created) "
            "SELECT 'new', record_id, 9, FALSE, 'published', title, owner_id, created FROM versions",
            "a version begins as private",
        ),
    ],
)
def test_nothing_becomes_public_in_another_way(
    catalog: Catalog, adk: RecordVersion, statement: str, sentence: str
) -> None:
    is_refused(catalog, statement, sentence)


def test_a_withdrawn_version_stays_as_it_is(catalog: Catalog, adk: RecordVersion) -> None:
    withdraw(catalog, adk)
    is_refused(catalog, "UPDATE versions SET reason = 'x'", "withdrawn once, with a reason")
    is_refused(catalog, "UPDATE versions SET state = 'published', public_from = 1", NEITHER)


def test_what_is_private_can_still_change(catalog: Catalog, adk: RecordVersion) -> None:
    by_hand(catalog, "UPDATE versions SET title = 'A better title'")
    by_hand(catalog, "UPDATE files SET facts = '[]'")


# --- the audit log ----------------------------------------------------------------------------------------------------


def verify(catalog: Catalog, seals: dict[int, tuple[str, str]] | None = None) -> list[str]:
    """What is found to be wrong with the log."""
    return [one.what for one in faults_of(catalog.audit.all(), head=catalog.audit.head(), seals=seals or {})]


def test_every_change_of_roles_is_audited(catalog: Catalog, ada: Principal, bob: Principal) -> None:
    catalog.people.add_token("ada", label="laptop", handle="h", sha256="s", expires=None)
    catalog.people.revoke_token("h", 1.0)
    catalog.people.revoke_token("h", 2.0)
    catalog.people.add_project("shared", members=["ada"])
    for _ in range(2):
        catalog.people.add_member("shared", "bob")
        catalog.reviewers.add("bob")
    for _ in range(2):
        catalog.people.remove_member("shared", "bob")
        catalog.reviewers.remove("bob")
    catalog.reviewers.set_policy(ReviewPolicy(2))
    catalog.keys.publish(ada.id, b"k" * 32, label="laptop")
    catalog.methods.publish(method(), "{}")
    catalog.methods.publish(method(), "{}")
    assert [one[:2] for one in log(catalog)][2:] == [
        (OPERATOR, "token made"),
        (OPERATOR, "token revoked"),
        (OPERATOR, "project made"),
        (OPERATOR, "member added"),
        (OPERATOR, "reviewer added"),
        (OPERATOR, "member removed"),
        (OPERATOR, "reviewer removed"),
        (OPERATOR, "policy changed"),
        ("ada", "key published"),
        ("bob", "method published"),
    ]
    assert verify(catalog) == []
    assert [one.number for one in catalog.audit.newest(3)] == [10, 11, 12]


def test_an_entry_is_committed_with_its_change_or_not_at_all(catalog: Catalog, ada: Principal) -> None:
    before = catalog.audit.head()
    with pytest.raises(ConflictError):
        catalog.people.add_principal("ada")
    assert catalog.audit.head() == before


def test_entries_cannot_be_changed_by_a_statement(catalog: Catalog, ada: Principal) -> None:
    is_refused(catalog, "UPDATE audit SET actor = 'eve'", "an entry of the audit log does not change")
    is_refused(catalog, "DELETE FROM audit", "an entry of the audit log is not deleted")


def rewritten(catalog: Catalog, entries: list[AuditEntry]) -> None:
    """Put other entries in the place of the log, as somebody could who may drop the triggers."""
    on_sqlite = catalog._database.name.startswith("sqlite")
    for name in ("audit_fixed", "audit_kept"):
        by_hand(catalog, f"DROP TRIGGER IF EXISTS {name}" + ("" if on_sqlite else " ON audit"))
    by_hand(catalog, "DELETE FROM audit")
    for one in entries:
        values = {name: getattr(one, name) for name in AuditEntry.__slots__}
        statement = text(f"INSERT INTO audit VALUES ({', '.join(f':{name}' for name in values)})").bindparams(**values)
        catalog._database.write(partial(Connection.execute, statement=statement))


def chained(entries: list[AuditEntry]) -> list[AuditEntry]:
    """Number entries anew and make their digests fit: what who knows the format can do."""
    made: list[AuditEntry] = []
    for number, one in enumerate(entries, 1):
        previous = made[-1].digest if made else ""
        content = (number, one.time, one.actor, one.action, one.subject, one.details, previous)
        made.append(AuditEntry(*content, digest=entry_digest(*content)))
    return made


@pytest.fixture
def entries(catalog: Catalog) -> list[AuditEntry]:
    """Return the log of five users."""
    for name in "abcde":
        catalog.people.add_principal(name)
    return list(catalog.audit.all())


def test_a_changed_entry_is_named(catalog: Catalog, entries: list[AuditEntry]) -> None:
    rewritten(catalog, [*entries[:2], replace(entries[2], subject="eve"), *entries[3:]])
    assert verify(catalog) == ["entry 3 was changed: its content does not have its digest"]


def test_a_changed_entry_with_a_fitting_digest_is_named_by_the_next(
    catalog: Catalog, entries: list[AuditEntry]
) -> None:
    other = replace(entries[2], details=json.dumps({"x": 1}))
    rewritten(catalog, [*entries[:2], chained([*entries[:2], other])[2], *entries[3:]])
    assert verify(catalog) == ["entry 4 does not follow entry 3 as it is now"]


def test_a_removed_entry_is_named(catalog: Catalog, entries: list[AuditEntry]) -> None:
    rewritten(catalog, [*entries[:2], *entries[3:]])
    assert verify(catalog) == ["entry 3 is missing"]


def test_removed_newest_entries_are_named(catalog: Catalog, entries: list[AuditEntry]) -> None:
    rewritten(catalog, entries[:3])
    assert verify(catalog) == ["entries 4 to 5 are missing at the end"]


def test_entries_in_another_order_are_named(catalog: Catalog, entries: list[AuditEntry]) -> None:
    swapped = [replace(entries[3], number=2), replace(entries[1], number=4)]
    rewritten(catalog, [entries[0], swapped[0], entries[2], swapped[1], entries[4]])
    assert verify(catalog) == [
        "entry 2 was changed: its content does not have its digest",
        "entry 3 does not follow entry 2 as it is now",
        "entry 4 was changed: its content does not have its digest",
        "entry 5 does not follow entry 4 as it is now",
    ]


def test_an_inserted_entry_is_named(catalog: Catalog, entries: list[AuditEntry]) -> None:
    rewritten(catalog, chained([*entries[:3], replace(entries[0], subject="eve"), *entries[3:]]))
    assert verify(catalog) == ["the log ends with entry 6, and its head is noted as 5"]


def test_a_log_that_was_rewritten_whole_does_not_have_its_seals(catalog: Catalog, entries: list[AuditEntry]) -> None:
    forged = chained([replace(entries[0], subject="eve"), *entries[1:]])
    rewritten(catalog, forged)
    by_hand(catalog, f"UPDATE audit_head SET digest = '{forged[-1].digest}'")
    assert verify(catalog) == []
    seals = {4: (entries[3].digest, "site-a has")}
    assert verify(catalog, seals) == ["entry 4 is not the one that site-a has sealed"]


# --- similar records --------------------------------------------------------------------------------------------------


def test_similar_records_are_those_that_one_may_see(
    catalog: Catalog, adk: RecordVersion, ada: Principal, bob: Principal
) -> None:
    chains = [{"kind": "protein", "segment": name, "letters": "MRIIL"} for name in ("A", "4AKE")]
    size = {"n_atoms": 3341, "n_residues": 214}
    facts = [
        size | {"sequences": [chain], "residues": {"ALA": count}} for chain, count in zip(chains, (19, 20), strict=True)
    ]
    mine = record(catalog, bob, name="mine", files=(replace(ADK[0], digest="e" * 64, facts=facts[0]),))
    same = record(catalog, ada, name="same", files=(replace(ADK[0], digest="f" * 64, facts=facts[1]),))
    copy = record(catalog, ada, name="copy", files=(replace(ADK[0], name="copy.psf", digest="e" * 64),))
    assert catalog.systems.similar(named(mine), bob.id) == ()
    with pytest.raises(NotFoundError):
        catalog.systems.similar(named(same), bob.id)
    publish(catalog, same)
    publish(catalog, copy)
    first, second = catalog.systems.similar(named(mine), bob.id)
    assert (first.version.accession, first.same, first.contents) == (
        copy.accession,
        (Likeness.CONTENT,),
        (("adk.psf", "copy.psf"),),
    )
    assert (second.version.accession, second.same) == (same.accession, (Likeness.SEQUENCE, Likeness.SIZE))
    withdraw(catalog, same)
    assert [one.version.accession for one in catalog.systems.similar(named(mine), bob.id)] == [copy.accession]


def test_the_record_that_is_like_in_more_comes_first(
    catalog: Catalog, bob: Principal, monkeypatch: pytest.MonkeyPatch
) -> None:
    chain = {"sequences": [{"kind": "protein", "segment": "A", "letters": "MRIIL"}]}
    bare, whole = chain | {"n_atoms": 41, "n_residues": 5}, chain | {"n_atoms": 3341, "n_residues": 214}
    mine, fuller, newest = (
        record(catalog, bob, name=name, files=(replace(ADK[0], digest=digit * 64, facts=facts),))
        for name, digit, facts in (("mine", "d", whole), ("fuller", "e", whole), ("newest", "f", bare))
    )
    found = catalog.systems.similar(named(mine), bob.id)
    assert [(one.version.accession, one.same) for one in found] == [
        (fuller.accession, (Likeness.SEQUENCE, Likeness.SIZE)),
        (newest.accession, (Likeness.SEQUENCE,)),
    ]
    # Of a record whose owner is gone from the catalog, nothing but the fingerprints is found.
    monkeypatch.setattr(systems, "_THEM", systems._THEM.where(versions.c.id != fuller.version_id))
    assert [one.version.accession for one in catalog.systems.similar(named(mine), bob.id)] == [newest.accession]


def test_files_that_are_no_record_yet_are_compared_as_those_of_records_are(
    catalog: Catalog, ada: Principal, bob: Principal
) -> None:
    facts = {"n_atoms": 3341, "n_residues": 214, "residues": {"ALA": 19}}
    theirs = record(catalog, ada, name="theirs", files=(replace(ADK[0], digest="e" * 64, facts=facts),))
    system = dict(fingerprints(facts))
    unsent, sent = ComparedFile("new.psf", fingerprints=system), ComparedFile("sent.psf", "e" * 64, system)

    def found(*files: ComparedFile, but: RecordVersion | None = None) -> list[tuple[str, tuple[Likeness, ...]]]:
        name = None if but is None else named(but)
        return [(one.version.accession, one.same) for one in catalog.systems.similar_to(files, bob.id, but=name)]

    assert found(unsent, sent) == []  # of what is another's nothing is told, whatever somebody knows of it
    publish(catalog, theirs)
    assert found(unsent) == [(theirs.accession, (Likeness.COMPOSITION, Likeness.SIZE))]
    assert found(sent) == [(theirs.accession, (Likeness.CONTENT, Likeness.COMPOSITION, Likeness.SIZE))]
    assert found(sent, but=theirs) == []
    assert found() == found(ComparedFile("other.psf", "f" * 64)) == []


def test_copies_are_shown_where_the_version_was_put(catalog: Catalog, adk: RecordVersion, bob: Principal) -> None:
    other = record(catalog, bob, site="site-b")
    assert {site for _, site, _ in catalog.replicas.of_version(adk.version_id)} == {"site-a"}
    assert {site for _, site, _ in catalog.replicas.of_version(other.version_id)} == {"site-b"}
    assert catalog.replicas.placed_content(adk.version_id, "site-b") == frozenset()
    catalog.replicas.finish("site-b", PSF, FINGERPRINT)
    catalog.replicas.coming(adk.version_id, "site-b")
    there = {state for _, site, state in catalog.replicas.of_version(adk.version_id) if site == "site-b"}
    assert there == {ReplicaState.INTERMEDIATE}
    assert catalog.replicas.placed([adk.version_id]) == {adk.version_id: frozenset({"site-a"})}
    assert {one.site for one in catalog.replicas.of_inputs("", [(adk.version_id, [PSF, DCD])])} == {"site-a"}
    catalog.replicas.place(adk.version_id, "site-b")
    catalog.replicas.coming(adk.version_id, "site-b")
    assert catalog.replicas.placed([adk.version_id]) == {adk.version_id: frozenset({"site-a", "site-b"})}
    assert catalog.replicas.placed_content(adk.version_id, "site-b") == {PSF, DCD}
