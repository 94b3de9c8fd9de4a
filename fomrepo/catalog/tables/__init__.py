"""The tables of the catalog: the whole schema, a module for each subject.

Times are seconds since 1970, sizes are bytes, identifiers are UUIDv7 texts. A site is named, not referenced: its row
comes with its first start, and replicas may be planned before. The history of this schema is in ``migrations/``.
Whoever reads or writes rows imports from here, so that all tables are known before the first statement is made.
"""

from fomrepo.catalog.tables.calls import operations, result_sources, results
from fomrepo.catalog.tables.columns import Unsigned64, metadata
from fomrepo.catalog.tables.copies import file_places, placements, replicas
from fomrepo.catalog.tables.deposited import deposits, files, records, supersessions, uploads, versions
from fomrepo.catalog.tables.facts import metadata_terms, quality_checks, quality_waivers, systems
from fomrepo.catalog.tables.federation import changes, settings, sites
from fomrepo.catalog.tables.library import (
    approvals,
    environments,
    method_health,
    method_names,
    methods,
    public_keys,
    registry,
    trust_documents,
    verdicts,
)
from fomrepo.catalog.tables.log import audit, audit_head, audit_seals
from fomrepo.catalog.tables.people import affiliations, identities, logins, members, principals, projects, tokens
from fomrepo.catalog.tables.reviewing import review_approvals, reviewers, submission_events, submissions

__all__ = [
    "Unsigned64",
    "affiliations",
    "approvals",
    "audit",
    "audit_head",
    "audit_seals",
    "changes",
    "deposits",
    "environments",
    "file_places",
    "files",
    "identities",
    "logins",
    "members",
    "metadata",
    "metadata_terms",
    "method_health",
    "method_names",
    "methods",
    "operations",
    "placements",
    "principals",
    "projects",
    "public_keys",
    "quality_checks",
    "quality_waivers",
    "records",
    "registry",
    "replicas",
    "result_sources",
    "results",
    "review_approvals",
    "reviewers",
    "settings",
    "sites",
    "submission_events",
    "submissions",
    "supersessions",
    "systems",
    "tokens",
    "trust_documents",
    "uploads",
    "verdicts",
    "versions",
]
