"""The life of a version after its deposit, at the site that is asked.

1. ``publish``: the licence is one that exists; a member of the project makes the version immutable, and public now or
   from a date on. Visibility is a function of the catalog's clock: when the date comes, nobody has to do anything.
2. ``set_embargo``: the date moves while it is still to come.
3. ``supersede``: another version takes its place; the old one stays readable, and says so.
4. ``withdraw``: a tombstone stays. From that transaction on nobody reads or computes on its files, at any site; what
   was computed from them before is no longer given out.
5. ``heed``, with each heartbeat, at each site: holders of withdrawn data are closed and their results deleted; the
   audit log hears of embargoes that have ended; the site seals the log now and then.

Each step is one transaction with its entry in the audit log (fomrepo/catalog/lifecycle.py), and may be asked for twice.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from fomrepo.errors import ArgumentError
from fomrepo.model.files import RecordName, RecordVersion
from fomrepo.model.people import Principal
from fomrepo.model.submissions import check_remark
from fomrepo.model.systems import ComparedFile, SimilarRecord
from fomrepo.site.audit_seal import AuditSealer
from fomrepo.site.deposit_request import FILES_LIMIT
from fomrepo.site.licences import spdx_licence
from fomrepo.site.log import logger
from fomrepo.site.parts import SiteParts


class LifecycleDesk:
    """Changes what versions are to others, and heeds what was changed elsewhere."""

    def __init__(self, site: SiteParts, sealer: AuditSealer) -> None:
        self._site, self._sealer = site, sealer
        #: Newest entry of the audit log whose withdrawals this site has heeded.
        self._heeded = 0

    def publish(self, principal: Principal, record: str, *, licence: str, embargo_until: float | None) -> RecordVersion:
        """1. Publish a version.

        Parameters
        ----------
        principal
            Who does it.
        record
            As a person names it.
        licence
            SPDX expression; empty: what was claimed at deposit.
        embargo_until
            Seconds since 1970; None: it is public at once.
        """
        name = RecordName.parse(record)
        licence = self._licence(principal, name, licence)
        version = self._site.catalog.lifecycle.publish(
            name, principal.id, licence=licence, embargo_until=_date(embargo_until)
        )
        logger.info("published", record=version.versioned, state=version.state.value)
        return version

    def check_publication(
        self, principal: Principal, record: str, *, licence: str, embargo_until: float | None
    ) -> RecordVersion:
        """Refuse what :meth:`publish` would refuse now, and change nothing."""
        name = RecordName.parse(record)
        licence = self._licence(principal, name, licence)
        return self._site.catalog.lifecycle.check_publication(
            name, principal.id, licence=licence, embargo_until=_date(embargo_until)
        )

    def set_embargo(self, principal: Principal, record: str, until: float | None) -> RecordVersion:
        """2. Let an embargo end on another date, or now for None."""
        return self._site.catalog.lifecycle.set_embargo(RecordName.parse(record), principal.id, _date(until))

    def supersede(self, principal: Principal, record: str, by: str) -> RecordVersion:
        """3. Say what takes the place of a version; empty: nothing does any more."""
        latter = RecordName.parse(by) if by else None
        return self._site.catalog.lifecycle.supersede(RecordName.parse(record), principal.id, latter)

    def withdraw(self, principal: Principal, record: str, reason: str) -> RecordVersion:
        """4. Leave a tombstone."""
        name = RecordName.parse(record)
        version = self._site.catalog.lifecycle.withdraw(name, principal.id, check_remark(reason, "reason"))
        logger.info("withdrawn", record=version.versioned)
        self._drop_withdrawn()
        return version

    def similar(self, principal: Principal, record: str) -> tuple[SimilarRecord, ...]:
        """List records of the same bytes or the same system, as far as the caller may see them."""
        return self._site.catalog.systems.similar(RecordName.parse(record), principal.id)

    def similar_to(self, principal: Principal, files: Sequence[ComparedFile], *, but: str) -> tuple[SimilarRecord, ...]:
        """List records that are like files which are no record yet; ``but`` is one of them that is not, or empty."""
        if len(files) > FILES_LIMIT:
            raise ArgumentError(f"{len(files)} files were to be compared; {FILES_LIMIT} is the most")
        return self._site.catalog.systems.similar_to(files, principal.id, but=RecordName.parse(but) if but else None)

    def heed(self) -> None:
        """5. Do what time and other sites have brought."""
        self._drop_withdrawn()
        lifecycle = self._site.catalog.lifecycle
        if lifecycle.embargoes_have_ended():
            for name in lifecycle.note_ended_embargoes():
                logger.info("embargo ended", record=name)
        self._sealer.seal_now_and_then(self._site.catalog)

    def _licence(self, principal: Principal, name: RecordName, given: str) -> str:
        """SPDX expression that was given, or else claimed at deposit."""
        catalog = self._site.catalog
        if not given and (version := catalog.records.find(name, principal.id)) is not None:
            given = str(catalog.deposits.claims(version.version_id).get("licence") or "")
        return spdx_licence(given)

    def _drop_withdrawn(self) -> None:
        """Close the holders and delete the results of content that no version has any more."""
        site, lifecycle = self._site, self._site.catalog.lifecycle
        number, digests = lifecycle.withdrawn_since(self._heeded)
        if digests:
            site.ledger.flush()  # what was computed from it is in the index, and goes with it
            for digest in digests:
                if site.holders is not None:
                    site.holders.forget(digest)
            for blob in lifecycle.forget_results(site.name, digests):
                site.results.discard(blob)
        self._heeded = max(self._heeded, number)  # a heartbeat may have come between


def _date(moment: float | None) -> float | None:
    if moment is not None and not (math.isfinite(moment) and moment > 0):
        raise ArgumentError("that is no date", remedy="write it as YEAR-MONTH-DAY, such as 2027-06-30")
    return moment
