"""What a call would do, told without doing it.

It speaks of the caller's own history only: neither a result nor a holder that somebody else brought about may show. So
it says which way a method runs by its schema, and takes a site that keeps the answer for the likely one only if the
caller has had that answer.
"""

from __future__ import annotations

import random

from fomrepo.model.explanation import Explanation, SiteOption
from fomrepo.model.methods import MethodSchema
from fomrepo.model.placement import choose_replica
from fomrepo.site.call import Asked
from fomrepo.site.choose import able_sites, near_sites
from fomrepo.site.holders import CHILD_LIMITS, fits_a_child
from fomrepo.site.parts import SiteParts
from fomrepo.site.sites_known import SitesKnown


def explain(site: SiteParts, sites: SitesKnown, asked: Asked) -> Explanation:
    """Tell what a call would do."""
    schema, known, loads = asked.question.schema, asked.known, sites.loads()
    environment = site.environments.digest_of(asked.question.bundle)
    able = able_sites(known, loads, here=site.name, environment=environment)
    keeping = {one.site for one in known.kept.stored} if asked.seen else set()
    first = choose_replica([one for one in able if one.load.site in keeping] or able, draw=random.Random(0))  # noqa: S311 - spreads load, guards nothing
    entries = sites.entries()
    way, reason = _way(schema)
    return Explanation(
        method=schema.name,
        version=schema.version,
        digest=asked.question.bundle.digest,
        way=way,
        reason=reason,
        answered=asked.seen,
        site="" if first is None else first.load.site,
        options=tuple(
            SiteOption(
                name,
                up=entries[name].up,
                environment=environment in loads[name].environments,
                running=loads[name].running,
                waiting=loads[name].waiting,
                slots=loads[name].slots,
            )
            for name in near_sites(known)
            if name in entries
        ),
    )


def _way(schema: MethodSchema) -> tuple[str, str]:
    if fits_a_child(schema):
        return "hot", "it is reviewed and signed, and sites keep files in use ready"
    return "cold", (
        f"it may use {schema.limits.memory_mib} MiB for {schema.limits.wall_s:g} s; beside data that is held ready "
        f"{CHILD_LIMITS.memory_bytes // 2**20} MiB and {CHILD_LIMITS.wall_s:g} s are the most"
    )
