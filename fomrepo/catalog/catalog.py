"""The catalog: what exists, in named operations of one transaction each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import TracebackType
from typing import TypeVar

from fomrepo.catalog.audit import AuditLog
from fomrepo.catalog.calls import Calls
from fomrepo.catalog.database import Database
from fomrepo.catalog.deposits import Deposits
from fomrepo.catalog.engine import sqlite_file
from fomrepo.catalog.federation import Federation
from fomrepo.catalog.health import Health
from fomrepo.catalog.identities import Identities
from fomrepo.catalog.keys import PublicKeys
from fomrepo.catalog.lifecycle import Lifecycle
from fomrepo.catalog.metadata import RecordMetadata
from fomrepo.catalog.methods import Methods
from fomrepo.catalog.operations import Operations
from fomrepo.catalog.people import People
from fomrepo.catalog.quality import Quality
from fomrepo.catalog.records import Records
from fomrepo.catalog.replicas import Replicas
from fomrepo.catalog.reviewers import Reviewers
from fomrepo.catalog.reviews import Reviews
from fomrepo.catalog.schema import check_revision, no_catalog
from fomrepo.catalog.sites import Sites
from fomrepo.catalog.submissions import Submissions
from fomrepo.catalog.systems import Systems
from fomrepo.catalog.trust import EnvironmentLocks, TrustDocuments
from fomrepo.catalog.whole import WholeRecords

R = TypeVar("R")


class Catalog:
    """An open catalog; any number of threads may use it at once.

    Parameters
    ----------
    database
        Of the right schema revision: see `open_catalog`.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self.people = People(database)
        self.identities = Identities(database)
        self.records = Records(database)
        self.whole = WholeRecords(database)
        self.lifecycle = Lifecycle(database)
        self.audit = AuditLog(database)
        self.systems = Systems(database)
        self.metadata = RecordMetadata(database)
        self.quality = Quality(database)
        self.deposits = Deposits(database)
        self.replicas = Replicas(database)
        self.methods = Methods(database)
        self.health = Health(database)
        self.calls = Calls(database, self.methods)
        self.operations = Operations(database)
        self.sites = Sites(database)
        self.federation = Federation(database)
        self.keys = PublicKeys(database)
        self.trust = TrustDocuments(database)
        self.environments = EnvironmentLocks(database)
        self.submissions = Submissions(database)
        self.reviews = Reviews(database)
        self.reviewers = Reviewers(database)

    def at_one_moment(self, work: Callable[[], R]) -> R:
        """Run several reading operations in one snapshot; ``work`` may run more than once, so it does nothing else."""
        return self._database.at_one_moment(work)

    def number(self) -> int:
        """Count of the changes of what calls mean: who asks, what a name means, who sees it, where it lies."""
        return self._database.number()

    def unchanged_since(self, number: int) -> bool:
        """Whether a snapshot of that number would be what it was; in doubt it would not."""
        return self._database.unchanged_since(number)

    def together(self, operations: Sequence[Callable[[], object]]) -> None:
        """Run several writing operations in one transaction: all of them are committed, or none."""
        self._database.together(operations)

    def close(self) -> None:
        """Close all connections."""
        self._database.close()

    def __enter__(self) -> Catalog:
        """Return the catalog; leaving closes it."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def open_catalog(url: str) -> Catalog:
    """Open a catalog of the schema revision that this program works with.

    Parameters
    ----------
    url
        ``sqlite:////path/catalog.db`` or ``postgresql+psycopg2://user@host/name``; the URL names the driver.

    Raises
    ------
    SchemaRevisionError
        If there is none yet, or one of another revision.
    StorageError
        If the database cannot be reached.
    SettingsError
        If the URL is none.

    Examples
    --------
    >>> catalog = open_catalog("sqlite:////var/lib/fomrepo/catalog.db")  # doctest: +SKIP
    >>> catalog.people.projects()  # doctest: +SKIP
    ()
    """
    file = sqlite_file(url)
    if file is not None and not file.exists():  # SQLite would make an empty one
        raise no_catalog(url)
    database = Database(url)
    try:
        database.read(lambda connection: check_revision(connection, database.name))
    except BaseException:
        database.close()
        raise
    return Catalog(database)
