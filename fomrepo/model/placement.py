"""Where a run goes: pure functions over what is known of sites."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

#: Load figures older than this say little: choose the better of two at random instead of herding to one site.
LOAD_IS_OLD_AFTER_S = 5.0

#: A site whose last sign of life is older is not asked.
SITE_IS_DOWN_AFTER_S = 10.0

#: Most bytes that a site fetches for one call whose files lie at several sites: seconds between institutes. What is
#: larger is worth a copy that somebody asked for.
FETCH_LIMIT_BYTES = 256 * 2**20


@dataclass(frozen=True, slots=True)
class SiteLoad:
    """What a site last said of itself."""

    site: str
    #: Runs under way.
    running: int
    #: Runs that wait for a slot.
    waiting: int
    #: Runs that it can do at once.
    slots: int
    #: Seconds since it said so.
    age_s: float
    #: Seconds since any sign of life.
    silent_s: float
    #: Digests of the guest environments that it has; empty at a site that runs no methods.
    environments: frozenset[str] = frozenset()

    @property
    def pressure(self) -> float:
        """Runs for each slot; 1.0 means that a new run would have to wait."""
        return (self.running + self.waiting) / max(self.slots, 1)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A site that could run a method now."""

    load: SiteLoad
    #: Whether it is the site that was asked: no bytes travel.
    here: bool


def bytes_to_fetch(
    good: Mapping[str, Sequence[str]], objects: Sequence[str], sizes: Mapping[str, int]
) -> dict[str, int]:
    """Sites that can have all objects of a call, and how many bytes each would have to fetch for it.

    If a site holds all of them, there are such sites only, and nothing is fetched. Else each site that holds one
    counts, if each object is somewhere.

    Parameters
    ----------
    good
        For each site, the digests of which it holds good replicas.
    objects
        Digests of the inputs of a run, their paired files and what belongs to them.
    sizes
        Bytes of the files among the objects; what belongs to them is small.
    """
    missing = {site: set(objects) - set(held) for site, held in sorted(good.items())}
    if not set(objects) <= {digest for held in good.values() for digest in held}:
        return {}
    fetched = {
        site: sum(sizes.get(digest, 0) for digest in lacking)
        for site, lacking in missing.items()
        if len(lacking) < len(set(objects))
    }
    return {site: 0 for site in fetched if not missing[site]} or fetched


def candidates(
    sites: Sequence[str],
    loads: Mapping[str, SiteLoad],
    *,
    here: str,
    environment: str,
    tried: frozenset[str] = frozenset(),
) -> list[Candidate]:
    """Sites out of ``sites`` that are up, have the method's environment, and were not tried yet."""
    return [
        Candidate(loads[site], here=site == here)
        for site in sites
        if site in loads
        and site not in tried
        and loads[site].silent_s <= SITE_IS_DOWN_AFTER_S
        and environment in loads[site].environments
    ]


def lacks_environment(load: SiteLoad | None, environment: str) -> bool:
    """Whether a site is up and runs methods, and does not have an environment."""
    if load is None or load.silent_s > SITE_IS_DOWN_AFTER_S:
        return False
    return bool(load.environments) and environment not in load.environments


def choose_replica(options: Sequence[Candidate], *, draw: random.Random) -> Candidate | None:
    """Least loaded candidate; among equals the site that was asked, then one at random.

    Where the figures are old, the better one of two drawn at random (the power of two choices, Mitzenmacher 2001,
    doi:10.1109/71.963420), so that a crowd of callers does not run to the same site.
    """
    if not options:
        return None
    pool = list(options)
    if len(pool) > 2 and any(one.load.age_s > LOAD_IS_OLD_AFTER_S for one in pool):
        pool = draw.sample(pool, 2)
    draw.shuffle(pool)
    return min(pool, key=lambda one: (one.load.pressure, not one.here))
