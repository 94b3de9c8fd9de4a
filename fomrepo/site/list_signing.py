"""Signing what a site may sign all the time: the list of methods where its key lies, and leases everywhere.

A lease's version is a million times the version of the list that it names, counted up with each renewal: so a lease
of a new list is newer than every renewal of an old one, whoever wrote at the same moment.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from fomrepo.catalog import Catalog
from fomrepo.catalog.trust import LEASE_DOCUMENT
from fomrepo.errors import ConflictError, SiteError
from fomrepo.model.trust import HowNew, MethodList, key_id
from fomrepo.site.trust_documents import LEASE_S, LIST_DAYS, lease_document, list_documents, public_half
from fomrepo.site.trusted_list import TrustedList

#: Renewals of one list: one every ten seconds for half of `LIST_DAYS` is a thirtieth of it.
RENEWALS_OF_A_LIST = 1_000_000

#: A lease is renewed when so many seconds of it are left: at a third of its time, with time for two further attempts.
RENEW_LEASE_BELOW_S = LEASE_S * 2 / 3
#: A list is signed anew when so many seconds of it are left.
SIGN_LIST_BELOW_S = LIST_DAYS * 86_400 / 2


def publish_list(catalog: Catalog, listed: MethodList, *, publisher: bytes, leaser: bytes, again: bool = False) -> None:
    """Sign a list and a lease for it, and put them where all sites look.

    Parameters
    ----------
    catalog
        Where they look.
    listed
        The whole new list, of the version after the last.
    publisher, leaser
        Private keys of the list and of leases.
    again
        Begin the versions anew, after the publisher's key was replaced in the root.

    Raises
    ------
    ConflictError
        If somebody else signed a list of that version meanwhile.
    """
    documents = list_documents(listed, publisher=publisher)
    documents[LEASE_DOCUMENT] = lease_document(
        version=listed.version * RENEWALS_OF_A_LIST, list_version=listed.version, leaser=leaser
    )
    if not catalog.trust.add(listed.version, documents, again=again):
        raise ConflictError("somebody else has just changed the list of methods", remedy="do it again")


def renew_lease(
    catalog: Catalog,
    trusted: TrustedList,
    *,
    leaser: bytes,
    now: float,
    elsewhere: Callable[[], Iterable[HowNew]] = tuple,
) -> None:
    """Say anew that the newest list is the newest, if the last word on it is getting old, is none, or is missing.

    Only the signature of the old lease is verified here. Whether it names a list that this site believes is found out
    by the refresh that follows. A site whose key the root does not list says nothing.

    Parameters
    ----------
    catalog, trusted
        What this site reads, and what of it was verified.
    leaser
        Private key of this site.
    now
        Seconds since 1970.
    elsewhere
        Asks those other sites that can be reached how new what they know is. Who reads a copy of the catalog that
        stands still would otherwise confirm to itself, for ever, that nothing has changed.

    Raises
    ------
    SiteError
        If another site knows of something newer than what this site reads.
    """
    newest = trusted.newest_lease()
    if key_id(public_half(leaser)) not in newest.keys or newest.ends - now >= RENEW_LEASE_BELOW_S:
        return
    for last_attempt in (False, True):  # something may have changed between the two looks
        known = HowNew(newest.root, newest.list_version, catalog.methods.changes())
        if max(elsewhere(), default=known) <= known:
            break
        if last_attempt:
            raise SiteError(
                "another site knows a newer list of methods than the catalog that this site reads",
                remedy="connect this site to the catalog that all sites share: site.toml",
            )
        newest = trusted.newest_lease()
    lease = lease_document(version=newest.version + 1, list_version=newest.list_version, leaser=leaser)
    catalog.trust.renew_lease(newest.offered, lease)  # if another site was quicker, its lease is as good
