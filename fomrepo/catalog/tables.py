"""The tables of the catalog: the whole schema on one page.

Times are seconds since 1970, sizes are bytes, identifiers are UUIDv7 texts. A site is named, not referenced: its row
comes with its first start, and replicas may be planned before. The history of this schema is in ``migrations/``.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Double,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    text,
)
from sqlalchemy.engine import Dialect

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    }
)


class Unsigned64(TypeDecorator[int]):
    """A number of 64 bits without sign, as inodes are, in the signed column that databases have."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: int | None, dialect: Dialect) -> int | None:
        """Wrap the upper half to negative numbers."""
        return value - 2**64 if value is not None and value >= 2**63 else value

    def process_result_value(self, value: int | None, dialect: Dialect) -> int | None:
        """Unwrap negative numbers to the upper half."""
        return value + 2**64 if value is not None and value < 0 else value


def _required(name: str, kind: Any = Text, *more: Any, **how: Any) -> Column[Any]:
    return Column(name, kind, *more, nullable=False, **how)


settings = Table("settings", metadata, Column("key", Text, primary_key=True), _required("value"))

principals = Table(
    "principals",
    metadata,
    Column("id", Text, primary_key=True),
    _required("name"),
    _required("created", Double),
    UniqueConstraint("name"),
)

tokens = Table(
    "tokens",
    metadata,
    Column("handle", Text, primary_key=True),
    _required("principal_id", Text, ForeignKey(principals.c.id), index=True),
    _required("label"),
    _required("sha256"),
    _required("created", Double),
    Column("expires", Double),
    Column("revoked", Double),
)

identities = Table(
    "identities",
    metadata,
    Column("issuer", Text, primary_key=True),
    Column("subject", Text, primary_key=True),
    _required("principal_id", Text, ForeignKey(principals.c.id), index=True),
    _required("created", Double),
)

#: What providers signed and was taken: once, and remembered until it and the token that it gave are over.
logins = Table(
    "logins",
    metadata,
    Column("proof", Text, primary_key=True),
    _required("issuer"),
    _required("subject"),
    Column("handle", Text, ForeignKey(tokens.c.handle), index=True),
    _required("until", Double, index=True),
)

projects = Table(
    "projects",
    metadata,
    Column("id", Text, primary_key=True),
    _required("name"),
    _required("created", Double),
    UniqueConstraint("name"),
)

members = Table(
    "members",
    metadata,
    Column("project_id", Text, ForeignKey(projects.c.id), primary_key=True),
    Column("principal_id", Text, ForeignKey(principals.c.id), primary_key=True, index=True),
)

records = Table(
    "records",
    metadata,
    Column("id", Text, primary_key=True),
    _required("accession"),
    _required("project_id", Text, ForeignKey(projects.c.id)),
    _required("name"),
    _required("created", Double),
    UniqueConstraint("accession"),
    UniqueConstraint("project_id", "name"),
)

#: Triggers of migration 0010 hold what may follow what, and that a version that was published does not change.
versions = Table(
    "versions",
    metadata,
    Column("id", Text, primary_key=True),
    _required("record_id", Text, ForeignKey(records.c.id)),
    _required("number", Integer),
    _required("is_current", Boolean),
    _required("state"),
    _required("title"),
    _required("owner_id", Text, ForeignKey(principals.c.id)),
    _required("created", Double),
    Column("claims", Text),
    Column("licence", Text),
    Column("public_from", Double, index=True),
    Column("embargoed", Boolean),
    Column("withdrawn", Double, index=True),
    Column("reason", Text),
    UniqueConstraint("record_id", "number"),
    CheckConstraint("number >= 1", name="number"),
    CheckConstraint("state IN ('private', 'published', 'withdrawn')", name="state"),
)
Index(
    "uq_versions_current",
    versions.c.record_id,
    unique=True,
    sqlite_where=versions.c.is_current,
    postgresql_where=versions.c.is_current,
)

Index(
    "ix_versions_embargoed",
    versions.c.public_from,
    sqlite_where=versions.c.embargoed,
    postgresql_where=versions.c.embargoed,
)

files = Table(
    "files",
    metadata,
    Column("id", Text, primary_key=True),
    _required("version_id", Text, ForeignKey(versions.c.id)),
    _required("position", Integer),
    _required("name"),
    _required("file_type"),
    _required("digest", Text, index=True),
    _required("size", BigInteger),
    _required("facts"),
    Column("topology", Text),
    Column("offsets_digest", Text),
    UniqueConstraint("version_id", "name"),
    CheckConstraint("size >= 0", name="size"),
)

replicas = Table(
    "replicas",
    metadata,
    Column("digest", Text, primary_key=True),
    Column("site", Text, primary_key=True, index=True),
    _required("state"),
    _required("generation", BigInteger),
    _required("device", Unsigned64),
    _required("inode", Unsigned64),
    _required("size", BigInteger),
    _required("mtime_ns", BigInteger),
    _required("ctime_ns", BigInteger),
    Column("path", Text),
    Column("guard", Text),
    Column("handed_by", BigInteger),
    Column("checked", Double),
    CheckConstraint("state IN ('intermediate', 'good', 'stale', 'bad')", name="state"),
    CheckConstraint("guard IN ('lease', 'rehash', 'none')", name="guard"),
)

deposits = Table(
    "deposits",
    metadata,
    Column("id", Text, primary_key=True),
    _required("principal_id", Text, ForeignKey(principals.c.id)),
    _required("key"),
    _required("request_digest"),
    _required("site"),
    _required("state"),
    _required("title"),
    _required("project_id", Text, ForeignKey(projects.c.id)),
    _required("name"),
    Column("new_version_of", Text, ForeignKey(records.c.id)),
    Column("version_id", Text, ForeignKey(versions.c.id)),
    Column("refusal", LargeBinary),
    _required("created", Double),
    Column("claims", Text),
    UniqueConstraint("principal_id", "key"),
    Index("ix_deposits_site_state", "site", "state"),
    CheckConstraint("state IN ('draft', 'probing', 'accepted', 'quarantined', 'abandoned')", name="state"),
)

uploads = Table(
    "uploads",
    metadata,
    Column("id", Text, primary_key=True),
    _required("deposit_id", Text, ForeignKey(deposits.c.id)),
    _required("position", Integer),
    _required("name"),
    _required("size", BigInteger),
    Column("topology", Text),
    Column("digest", Text),
    UniqueConstraint("deposit_id", "name"),
    CheckConstraint("size >= 0", name="size"),
)

#: One row: counts the changes of what says which methods may run: methods, approvals, verdicts, keys, trust documents.
registry = Table("registry", metadata, Column("id", Integer, primary_key=True), _required("snapshot", BigInteger))

methods = Table(
    "methods",
    metadata,
    Column("id", Text, primary_key=True),
    _required("name"),
    _required("version"),
    _required("rank"),
    _required("bundle_digest"),
    _required("environment"),
    _required("bundle", LargeBinary),
    _required("schema"),
    UniqueConstraint("name", "version"),
)

#: What reviewers signed about published methods, byte for byte.
approvals = Table(
    "approvals",
    metadata,
    Column("method_id", Text, ForeignKey(methods.c.id), primary_key=True),
    Column("key_id", Text, primary_key=True),
    _required("statement", LargeBinary),
    _required("signature", LargeBinary),
)

#: What reviewers signed against published methods: deprecated, or revoked.
verdicts = Table(
    "verdicts",
    metadata,
    Column("method_id", Text, ForeignKey(methods.c.id), primary_key=True),
    Column("key_id", Text, primary_key=True),
    Column("state", Text, primary_key=True),
    _required("statement", LargeBinary),
    _required("signature", LargeBinary),
    CheckConstraint("state IN ('deprecated', 'revoked')", name="state"),
)

#: Public keys that users published. Which of them may approve methods is said by the signed root alone.
public_keys = Table(
    "public_keys",
    metadata,
    Column("id", Text, primary_key=True),
    _required("principal_id", Text, ForeignKey(principals.c.id), index=True),
    _required("public", LargeBinary),
    _required("label"),
    _required("created", Double),
    Column("replaces", Text),
    Column("revoked", Double),
)

#: Signed metadata of the registry by file name, such as ``2.root.json``; verified at each site before it is believed.
trust_documents = Table(
    "trust_documents",
    metadata,
    Column("name", Text, primary_key=True),
    _required("version", BigInteger),
    _required("content", LargeBinary),
)

#: Lock files of guest environments by their digest. Which of them are official is said by the signed registry.
environments = Table(
    "environments",
    metadata,
    Column("name", Text, primary_key=True),
    Column("lock_digest", Text, primary_key=True),
    _required("lock", LargeBinary),
    _required("added", Double),
)

#: What each site found when it last ran the golden cases of a published method.
method_health = Table(
    "method_health",
    metadata,
    Column("method_id", Text, ForeignKey(methods.c.id), primary_key=True),
    Column("site", Text, primary_key=True),
    _required("environment_digest"),
    _required("ok", Boolean),
    _required("message"),
    _required("checked", Double),
)

results = Table(
    "results",
    metadata,
    Column("key", Text, primary_key=True),
    Column("site", Text, primary_key=True),
    _required("blob"),
    _required("size", BigInteger),
    _required("wall_s", Double),
    _required("computed", Double),
    _required("way"),
    CheckConstraint("size >= 0", name="size"),
    CheckConstraint("way IN ('cold', 'hot')", name="way"),
)

#: Which bytes a result was computed from, so that it goes when they do.
result_sources = Table(
    "result_sources",
    metadata,
    Column("key", Text, primary_key=True),
    Column("site", Text, primary_key=True),
    Column("digest", Text, primary_key=True),
    ForeignKeyConstraint(["key", "site"], [results.c.key, results.c.site], ondelete="CASCADE"),
    Index("ix_result_sources_site_digest", "site", "digest"),
)

operations = Table(
    "operations",
    metadata,
    Column("id", Text, primary_key=True),
    _required("principal_id", Text, ForeignKey(principals.c.id)),
    _required("key"),
    _required("request_digest"),
    _required("method"),
    _required("home"),
    _required("state"),
    _required("created", Double),
    Column("site", Text),
    _required("done", BigInteger),
    _required("total", BigInteger),
    _required("cancel_requested", Boolean),
    Column("failure", LargeBinary),
    Column("provenance", Text),
    Column("result_site", Text),
    Column("result_blob", Text),
    Column("result_key", Text),
    Column("schema_json", Text),
    Column("request", LargeBinary),
    _required("result_size", BigInteger),
    UniqueConstraint("principal_id", "key"),
    Index("ix_operations_answered", "principal_id", "result_key"),
    Index("ix_operations_principal_id_id", "principal_id", "id"),
    CheckConstraint("state IN ('waiting', 'running', 'done', 'failed', 'cancelled')", name="state"),
    CheckConstraint("(result_site IS NULL) = (result_blob IS NULL)", name="result"),
)

sites = Table(
    "sites",
    metadata,
    Column("name", Text, primary_key=True),
    _required("address"),
    _required("peer_address"),
    _required("certificate_digest"),
    _required("wall"),
    Column("heartbeat", Double),
    _required("running", Integer),
    _required("waiting", Integer),
    _required("slots", Integer),
    _required("environments"),
    _required("hot_runs", BigInteger),
    _required("cold_runs", BigInteger),
    _required("holders", Integer),
    _required("held_bytes", BigInteger),
)

#: Where people work, as far as that is known.
affiliations = Table(
    "affiliations",
    metadata,
    Column("principal_id", Text, ForeignKey(principals.c.id), primary_key=True),
    _required("institution"),
)

#: People who may review; ``until`` says since when somebody does so no more.
reviewers = Table(
    "reviewers",
    metadata,
    Column("principal_id", Text, ForeignKey(principals.c.id), primary_key=True),
    _required("since", Double),
    Column("until", Double),
)

#: Who first published a method of a name, and so may publish the next version of it.
method_names = Table(
    "method_names",
    metadata,
    Column("name", Text, primary_key=True),
    _required("author_id", Text, ForeignKey(principals.c.id)),
)

#: Triggers of migration 0007 hold the transitions of its states and the policy of review, whoever writes here.
submissions = Table(
    "submissions",
    metadata,
    Column("id", Text, primary_key=True),
    _required("name"),
    _required("version"),
    _required("bundle_digest"),
    _required("author_id", Text, ForeignKey(principals.c.id)),
    _required("state"),
    _required("reason"),
    _required("site"),
    _required("bundle", LargeBinary),
    Column("record_id", Text, ForeignKey(records.c.id)),
    Column("file", Text),
    Column("environment_digest", Text),
    Column("report", Text),
    _required("created", Double),
    _required("changed", Double),
    UniqueConstraint("id", "author_id", "bundle_digest"),
    Index("ix_submissions_state", "state"),
    Index("ix_submissions_record_id_file", "record_id", "file"),
    CheckConstraint("(record_id IS NULL) = (file IS NULL)", name="file"),
    CheckConstraint(
        "state IN ('draft', 'checking', 'in review', 'approved', 'rejected', 'published', 'deprecated', 'revoked', "
        "'withdrawn')",
        name="state",
    ),
)
_OPEN_EVERYWHERE = "record_id IS NULL AND state IN ('draft', 'checking', 'in review', 'approved')"
Index(
    "uq_submissions_open",
    submissions.c.author_id,
    submissions.c.name,
    submissions.c.version,
    unique=True,
    sqlite_where=text(_OPEN_EVERYWHERE),
    postgresql_where=text(_OPEN_EVERYWHERE),
)
_ATTACHED = "record_id IS NOT NULL AND state IN ('draft', 'checking', 'in review', 'approved', 'published')"
Index(
    "uq_submissions_attached",
    submissions.c.record_id,
    submissions.c.file,
    submissions.c.name,
    submissions.c.author_id,
    unique=True,
    sqlite_where=text(_ATTACHED),
    postgresql_where=text(_ATTACHED),
)

#: Each of one reviewer, of one bundle: a foreign key ties it to the bytes and to the author, who is never the reviewer.
review_approvals = Table(
    "review_approvals",
    metadata,
    Column("submission_id", Text, primary_key=True),
    Column("reviewer_id", Text, ForeignKey(reviewers.c.principal_id), primary_key=True),
    _required("author_id"),
    _required("bundle_digest"),
    _required("key_id"),
    _required("signature", LargeBinary),
    _required("statement", LargeBinary),
    _required("created", Double),
    ForeignKeyConstraint(
        ["submission_id", "author_id", "bundle_digest"],
        [submissions.c.id, submissions.c.author_id, submissions.c.bundle_digest],
    ),
    CheckConstraint("reviewer_id <> author_id", name="reviewer"),
)

submission_events = Table(
    "submission_events",
    metadata,
    Column("id", Text, primary_key=True),
    _required("submission_id", Text, ForeignKey(submissions.c.id), index=True),
    Column("principal_id", Text, ForeignKey(principals.c.id)),
    _required("what"),
    _required("text"),
    _required("created", Double),
)

#: What is known of versions under global names, to be searched; made from the facts of files and the claims.
metadata_terms = Table(
    "metadata_terms",
    metadata,
    Column("version_id", Text, ForeignKey(versions.c.id), primary_key=True),
    Column("position", Integer, primary_key=True, autoincrement=False),
    _required("name"),
    _required("origin"),
    _required("file"),
    Column("number", Double),
    _required("text"),
    Index("ix_metadata_terms_name_number", "name", "number"),
    Index("ix_metadata_terms_name_text", "name", "text"),
    CheckConstraint("origin IN ('claimed', 'extracted')", name="origin"),
)

#: Checks that the files of a version are to pass, and what came of them.
quality_checks = Table(
    "quality_checks",
    metadata,
    Column("id", Text, primary_key=True),
    _required("version_id", Text, ForeignKey(versions.c.id)),
    _required("file"),
    _required("name"),
    _required("site"),
    _required("state"),
    _required("message"),
    _required("method_version"),
    _required("n_findings", BigInteger),
    _required("findings"),
    Column("checked", Double),
    UniqueConstraint("version_id", "file", "name"),
    Index("ix_quality_checks_site_state", "site", "state"),
    CheckConstraint("state IN ('waiting', 'passed', 'failed', 'inapplicable', 'undecided')", name="state"),
)

#: Why a check need not pass.
quality_waivers = Table(
    "quality_waivers",
    metadata,
    Column("check_id", Text, ForeignKey(quality_checks.c.id), primary_key=True),
    _required("principal_id", Text, ForeignKey(principals.c.id)),
    _required("reason"),
    _required("created", Double),
)

#: A chain: each entry holds the digest of the one before. Triggers of migration 0010 keep it from being changed.
audit = Table(
    "audit",
    metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    _required("time", Double),
    _required("actor"),
    _required("action"),
    _required("subject"),
    _required("details"),
    _required("previous"),
    _required("digest"),
)

#: One row: the newest entry. Who adds one locks it, so that entries come one after the other.
audit_head = Table(
    "audit_head",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    _required("number", BigInteger),
    _required("digest"),
)

#: How sites have seen the log, signed with their keys.
audit_seals = Table(
    "audit_seals",
    metadata,
    Column("site", Text, primary_key=True),
    Column("number", BigInteger, primary_key=True),
    _required("digest"),
    _required("time", Double),
    _required("signature", LargeBinary),
    _required("certificate", LargeBinary),
)

#: At which sites a version was put: deposited, or copied on somebody's request. Replicas are of bytes, which others may
#: have deposited too; who sees a version learns of the replicas at these sites only.
placements = Table(
    "placements",
    metadata,
    Column("version_id", Text, ForeignKey(versions.c.id), primary_key=True),
    Column("site", Text, primary_key=True),
    Column("coming", Boolean),
)

#: Where files of versions lie that were registered in place; of the same bytes a site reads what its replica names.
file_places = Table(
    "file_places",
    metadata,
    Column("version_id", Text, ForeignKey(versions.c.id), primary_key=True),
    Column("site", Text, primary_key=True),
    Column("digest", Text, primary_key=True, index=True),
    _required("path"),
    _required("guard"),
    _required("handed_by", BigInteger),
    CheckConstraint("guard IN ('lease', 'rehash', 'none')", name="guard"),
)

#: Versions whose place another one took because somebody said so, also one of another record.
supersessions = Table(
    "supersessions",
    metadata,
    Column("version_id", Text, ForeignKey(versions.c.id), primary_key=True),
    _required("by_id", Text, ForeignKey(versions.c.id)),
)

#: Fingerprints by which the same simulated system is found again.
systems = Table(
    "systems",
    metadata,
    Column("version_id", Text, ForeignKey(versions.c.id), primary_key=True),
    Column("file", Text, primary_key=True),
    Column("aspect", Text, primary_key=True),
    _required("fingerprint"),
    Index("ix_systems_aspect_fingerprint_version_id", "aspect", "fingerprint", "version_id"),
    CheckConstraint("aspect IN ('sequence', 'composition', 'size')", name="aspect"),
)
