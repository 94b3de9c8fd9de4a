"""What is known of versions: terms to search by, fingerprints of systems, and checks of their quality."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    Table,
    Text,
    UniqueConstraint,
)

from fomrepo.catalog.tables.columns import metadata, required
from fomrepo.catalog.tables.deposited import versions
from fomrepo.catalog.tables.people import principals

#: What is known of versions under global names, to be searched; made from the facts of files and the claims.
metadata_terms = Table(
    "metadata_terms",
    metadata,
    Column("version_id", Text, ForeignKey(versions.c.id), primary_key=True),
    Column("position", Integer, primary_key=True, autoincrement=False),
    required("name"),
    required("origin"),
    required("file"),
    Column("number", Double),
    required("text"),
    Index("ix_metadata_terms_name_number", "name", "number"),
    Index("ix_metadata_terms_name_text", "name", "text"),
    CheckConstraint("origin IN ('claimed', 'extracted')", name="origin"),
)

#: Checks that the files of a version are to pass, and what came of them.
quality_checks = Table(
    "quality_checks",
    metadata,
    Column("id", Text, primary_key=True),
    required("version_id", Text, ForeignKey(versions.c.id)),
    required("file"),
    required("name"),
    required("site"),
    required("state"),
    required("message"),
    required("method_version"),
    required("n_findings", BigInteger),
    required("findings"),
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
    required("principal_id", Text, ForeignKey(principals.c.id)),
    required("reason"),
    required("created", Double),
)

#: Fingerprints by which the same simulated system is found again.
systems = Table(
    "systems",
    metadata,
    Column("version_id", Text, ForeignKey(versions.c.id), primary_key=True),
    Column("file", Text, primary_key=True),
    Column("aspect", Text, primary_key=True),
    required("fingerprint"),
    Index("ix_systems_aspect_fingerprint_version_id", "aspect", "fingerprint", "version_id"),
    CheckConstraint("aspect IN ('sequence', 'composition', 'size')", name="aspect"),
)
