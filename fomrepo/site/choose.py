"""Where a call runs: step 5 of the life of a call.

A site that holds good replicas of everything; or, if no site does, the one that has to fetch the least of what it lacks
(docs/adr/0037).
"""

from __future__ import annotations

import random
from collections.abc import Mapping

from fomrepo.errors import NoReplicaError
from fomrepo.model.files import ReplicaState
from fomrepo.model.placement import (
    FETCH_LIMIT_BYTES,
    Candidate,
    SiteLoad,
    bytes_to_fetch,
    candidates,
    choose_replica,
    lacks_environment,
)
from fomrepo.site.parts import SiteParts
from fomrepo.site.question import Question, Resolution


def choose_site(
    site: SiteParts,
    loads: Mapping[str, SiteLoad],
    question: Question,
    known: Resolution,
    detours: Mapping[str, str],
    *,
    draw: random.Random,
) -> str:
    """Site that keeps the answer, else the least loaded one out of those that can run the call.

    Parameters
    ----------
    site
        This site, which was asked.
    loads
        What each site last said of itself.
    question, known
        The call, and what it means now.
    detours
        Sites that failed on it, with the reason.
    draw
        Breaks ties.

    Raises
    ------
    NoReplicaError
        If there is none; it says of each site why not.
    """
    environment = site.environments.digest_of(question.bundle)
    options = able_sites(known, loads, here=site.name, environment=environment, tried=frozenset(detours))
    keeps = {one.site for one in known.kept.stored}
    chosen = choose_replica([one for one in options if one.load.site in keeps] or options, draw=draw)
    if chosen is None:
        raise _nowhere(question, known, _fetches(known), loads, detours, environment)
    return chosen.load.site


def able_sites(
    known: Resolution,
    loads: Mapping[str, SiteLoad],
    *,
    here: str,
    environment: str,
    tried: frozenset[str] = frozenset(),
) -> list[Candidate]:
    """Sites that are up, have the environment and need to fetch the least, which is nothing if a site holds all."""
    fetches = _fetches(known)
    able = candidates(near_sites(known), loads, here=here, environment=environment, tried=tried)
    least = min((fetches[one.load.site] for one in able), default=0)
    return [one for one in able if fetches[one.load.site] == least]


def near_sites(known: Resolution) -> list[str]:
    """Sites that have all, or else can fetch what they lack on the way."""
    return [name for name, size in _fetches(known).items() if size <= FETCH_LIMIT_BYTES]


def _fetches(known: Resolution) -> dict[str, int]:
    return bytes_to_fetch(known.good(), known.call.objects, known.call.sizes)


def _nowhere(
    question: Question,
    known: Resolution,
    fetches: Mapping[str, int],
    loads: Mapping[str, SiteLoad],
    detours: Mapping[str, str],
    environment: str,
) -> NoReplicaError:
    """Say of each site that holds something why the call cannot run there, and what would help."""
    first = known.call.inputs[0]
    remedy = (
        f"see where it is: fomrepo show {first.version.accession}; "
        f"copy it: fomrepo replicate {first.version.accession} --to SITE"
    )
    told = "".join(f"; {site}: {why}" for site, why in detours.items())
    silent = [site for site in fetches if site not in detours]
    far = [site for site in silent if fetches[site] > FETCH_LIMIT_BYTES]
    bare = [site for site in silent if site not in far and lacks_environment(loads.get(site), environment)]
    told += "".join(f"; {site} is down or runs no methods" for site in silent if site not in (*bare, *far))
    told += "".join(f"; {site} does not have the environment {question.schema.environment}" for site in bare)
    stale = {one.site for one in known.replicas if one.state is ReplicaState.STALE} - detours.keys()
    told += "".join(f"; at {site} they lie in place, and have changed since" for site in sorted(stale))
    told += "".join(
        f"; {site} lacks {fetches[site] >> 20} MiB of its files, and {FETCH_LIMIT_BYTES >> 20} MiB would be fetched"
        for site in far
    )
    if bare:
        remedy = f"an operator builds it there: fomrepo environment build {question.schema.environment}; or {remedy}"
    if far:
        records = dict.fromkeys(one.version.accession for one in known.call.inputs)
        remedy = "copy all of it to one site: " + "; ".join(f"fomrepo replicate {one} --to SITE" for one in records)
    name = first.file.name
    return NoReplicaError(f"no site can run {question.schema.name} on {name} now{told}", remedy=remedy)
