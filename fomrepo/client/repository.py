"""The repository, as its user sees it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Any

from fomrepo.client.calls import Calls
from fomrepo.client.checks import Checks
from fomrepo.client.connection import Connection
from fomrepo.client.deposit import DepositListener, deposit_files
from fomrepo.client.deposit_folder import FolderDeposit
from fomrepo.client.desk import Desk
from fomrepo.client.drafts import send_draft
from fomrepo.client.identity import Identities
from fomrepo.client.lifecycle import Lifecycle
from fomrepo.client.metadata import RecordMetadata, RecordQuality
from fomrepo.client.method_lock import Pin, read_method_lock, write_method_lock
from fomrepo.client.method_papers import MethodPapers, read_method_papers
from fomrepo.client.operation import OperationFuture
from fomrepo.client.patience import PATIENCE_S
from fomrepo.client.profile import Profile, choose_profile
from fomrepo.client.record import Record, name_in_requests
from fomrepo.client.registry import MethodRegistry, PublishedMethod
from fomrepo.client.remote_file import RemoteFile
from fomrepo.client.results.result import Result
from fomrepo.client.review import Submissions
from fomrepo.client.sites import Identity, ReplicaStatus, Replication, SiteStatus
from fomrepo.client.tracebacks import short_tracebacks
from fomrepo.client.trust import Trust
from fomrepo.client.whole import WholeRecords
from fomrepo.errors import InternalError, NotFoundError
from fomrepo.model.files import RecordName
from fomrepo.wire.records import record_from_wire
from fomrepo.wire.v1 import files_pb2, sites_pb2

#: Records in one page of a listing.
PAGE = 100


def open_repository(
    address: str | Sequence[str] | None,
    *,
    token: str | None,
    ca: str | Path | None,
    profile: str | None,
    methods: str | Path | None,
) -> Repository:
    """Connect as :func:`fomrepo.connect` says."""
    pins = {} if methods is None else read_method_lock(methods)
    return repository_of(choose_profile(address, token, ca, profile), pins)


def repository_of(profile: Profile, pins: Mapping[str, Pin] = MappingProxyType({})) -> Repository:
    """Connect as a profile says, make sure that its token is good, and learn of the other sites."""
    connection = Connection(profile)
    repository = Repository(Calls(connection, MethodRegistry(connection, pins)))
    try:
        repository.whoami()
        connection.learn([one.address for one in repository.sites() if one.up])
    except BaseException:
        connection.close()
        raise
    return repository


class Repository:
    """A federation of sites. Use :func:`fomrepo.connect` to get one.

    Examples
    --------
    >>> with fomrepo.connect() as repo:                        # doctest: +SKIP
    ...     traj = repo["FOM-402917"]["adk_dims.dcd"]
    ...     traj.rmsd(select="name CA").rmsd
    """

    def __init__(self, calls: Calls) -> None:
        self._calls = calls
        self._connection = calls.connection

    @short_tracebacks
    def __getitem__(self, name: str) -> Record:
        """Record of an accession, ``FOM-402917`` or ``FOM-402917.v2``, or of a path, ``/project/name``."""
        wanted = RecordName.parse(str(name))
        request = files_pb2.GetRecordRequest(record=str(wanted))
        return self._record(self._connection.ask(lambda site: site.files.GetRecord, request), wanted)

    def __iter__(self) -> Iterator[Record]:
        """Records that you may see, newest first: :meth:`records`."""
        return self.records()

    @short_tracebacks
    def __contains__(self, name: object) -> bool:
        """Whether there is a record of that name that you may see."""
        try:
            self[str(name)]
        except NotFoundError:
            return False
        return True

    @short_tracebacks
    def file(self, path: str) -> RemoteFile:
        """File of a path: ``FOM-402917/adk_dims.dcd`` or ``/project/name/adk_dims.dcd``."""
        record, _, name = path.rpartition("/")
        return self[record][name]

    def records(self) -> Iterator[Record]:
        """Records that you may see, newest first; without their files, which ``repo[record.accession]`` fetches."""
        page = self._page("")
        while True:
            for message in page.records:
                yield self._record(message, RecordName.parse(message.accession))
            if not page.next:
                return
            page = self._page(page.next)

    @short_tracebacks
    def methods(self) -> list[PublishedMethod]:
        """Every published method, in the version that its bare name means."""
        return list(self._calls.registry.newest().values())

    @short_tracebacks
    def method(self, name: str, version: str | None = None) -> PublishedMethod:
        """One published method; without a version the pinned or the newest one."""
        return self._calls.registry.get(name, version)

    @short_tracebacks
    def method_papers(self, name: str, version: str | None = None) -> MethodPapers:
        """Files of a published method, its author and its reviewers; without a version the pinned or the newest one."""
        return read_method_papers(self._connection, self.method(name, version))

    @short_tracebacks
    def method_versions(self, name: str) -> list[str]:
        """Published versions of a method, oldest first; empty if there is none of that name."""
        return self._calls.registry.versions(name)

    @property
    def metadata(self) -> RecordMetadata:
        """What files and depositors say of records, under global names."""
        return RecordMetadata(self._connection)

    @property
    def quality(self) -> RecordQuality:
        """Quality checks of the files of records."""
        return RecordQuality(self._connection)

    @property
    def desk(self) -> Desk:
        """What you have under way: calls, deposits and tokens of your own."""
        return Desk(self._connection)

    @property
    def whole(self) -> WholeRecords:
        """Records with all that is known of them, many at once."""
        return WholeRecords(self._connection, self._record)

    @property
    def identities(self) -> Identities:
        """Identity providers, and your identities at them, which you can log in with."""
        return Identities(self._connection)

    @property
    def checks(self) -> Checks:
        """Golden cases run at sites: of a method of yours, and of published ones."""
        return Checks(self._connection)

    @property
    def submissions(self) -> Submissions:
        """Methods on their way to being published: submit, follow and review them."""
        return Submissions(self._connection)

    @property
    def lifecycle(self) -> Lifecycle:
        """What becomes of your records: publish, embargo, supersede and withdraw them, and find similar ones."""
        return Lifecycle(self._connection, self._record)

    @property
    def trust(self) -> Trust:
        """Keys of reviewers, what they say against published methods, and which of your results that touches."""
        return Trust(self._connection)

    @short_tracebacks
    def lock_methods(self, path: str | Path) -> Path:
        """Write down which version of each method runs now; ``connect(methods=path)`` keeps to it."""
        pins = {one.schema.name: Pin(one.schema.version, one.digest) for one in self.methods()}
        return write_method_lock(path, pins)

    @short_tracebacks
    def operation(self, operation: str) -> OperationFuture:
        """Find a call again by its id, also one that another process sent through another site."""
        return OperationFuture(self._calls, self._calls.wait(operation))

    @short_tracebacks
    def deposit(
        self,
        topology: str | Path,
        *trajectories: str | Path,
        title: str,
        project: str | None = None,
        name: str | None = None,
        new_version_of: str | None = None,
        claims: Mapping[str, Any] | None = None,
        progress: DepositListener | None = None,
        wire: bool = False,
        in_place: bool = False,
        door: Path | None = None,
    ) -> Record:
        """Deposit files as one record. Doing the same again continues a deposit that was interrupted.

        Parameters
        ----------
        topology
            The file that says what the atoms are.
        trajectories
            Files that go with it. Those that know their own atoms (PSF, GRO, PDB) are not paired.
        title
            What it is, in a sentence.
        project
            Whose members see it; your own one if None.
        name
            Name in the project; made from the title if None.
        new_version_of
            Record that gets a new version.
        claims
            What the files do not say, under global names or any others: ``{"licence": "CC-BY-4.0"}``.
        progress
            Called with a :class:`~fomrepo.client.deposit.DepositProgress` now and then.
        wire
            Send over the wire, also to a site on this machine, which would take open files at its door.
        in_place
            Copy nothing: the files stay where they lie, on the site's own machine (docs/in-place.md).
        door
            Socket of that site; None: the site says where it is.

        Raises
        ------
        ArgumentError
            If a file is missing, empty, or has a name that a record cannot hold. Nothing was sent.
        FileRefusedError
            If the site looked at a file and refused it; the message says why.
        """
        accession = deposit_files(
            self._connection,
            (Path(topology), *map(Path, trajectories)),
            title=title,
            project=project or "",
            name=name or "",
            new_version_of=new_version_of or "",
            claims=claims or {},
            progress=progress,
            wire=wire,
            in_place=in_place,
            door=door,
        )
        return self[accession.partition(".")[0]]

    def deposit_folder(
        self, folder: str | Path, *, at_site: str | None = None, patience_s: float = PATIENCE_S, wire: bool = False
    ) -> FolderDeposit:
        """Deposit a folder step by step, as its fomrepo.toml says; use what comes back in a ``with`` block."""
        return FolderDeposit(self._connection, Path(folder), at_site=at_site, patience_s=patience_s, wire=wire)

    @short_tracebacks
    def try_draft(
        self, folder: str | Path, file: RemoteFile, *others: RemoteFile, at_site: str | None = None, **arguments: Any
    ) -> Result:
        """Run a method of your own that nobody has reviewed, in the sandbox, on data that you may read.

        Parameters
        ----------
        folder
            The bundle: method.toml and its modules.
        file
            First input; ``others`` are the further ones.
        at_site
            Site that shall run it; the least loaded one if None.
        arguments
            As the method takes them.
        """
        reply, digest = send_draft(self._calls, Path(folder), (file, *others), arguments, at_site=at_site)
        return self._calls.outcome(self._calls.until_final(reply), method_digest=digest)

    @short_tracebacks
    def submit_draft(
        self, folder: str | Path, file: RemoteFile, *others: RemoteFile, at_site: str | None = None, **arguments: Any
    ) -> OperationFuture:
        """Do the same as :meth:`try_draft` without waiting."""
        sent = send_draft(self._calls, Path(folder), (file, *others), arguments, at_site=at_site, wait_s=0.0)
        return OperationFuture(self._calls, sent[0], method_digest=sent[1])

    @short_tracebacks
    def replicate(self, record: str | Record, to_site: str) -> Replication:
        """Ask for a verified copy of a record at another site; ask again to hear how far it is."""
        request = files_pb2.ReplicateRequest(record=name_in_requests(record), to_site=to_site)
        reply = self._connection.ask(lambda site: site.files.Replicate, request)
        return Replication(reply.done, reply.copied, reply.total)

    @short_tracebacks
    def replicas(self, record: str | Record) -> list[ReplicaStatus]:
        """Which site holds which file of a record."""
        request = files_pb2.GetRecordRequest(record=name_in_requests(record))
        reply = self._connection.ask(lambda site: site.files.ListReplicas, request)
        return [ReplicaStatus(one.file, one.site, one.state, one.guard) for one in reply.replicas]

    @short_tracebacks
    def sites(self) -> list[SiteStatus]:
        """Sites of the federation."""
        reply = self._connection.ask(lambda site: site.sites.ListSites, sites_pb2.ListSitesRequest())
        return [
            SiteStatus(one.name, one.address, one.up, one.wall, one.running, one.waiting, one.slots)
            for one in reply.sites
        ]

    @short_tracebacks
    def whoami(self) -> Identity:
        """Who you are to the federation, and which site answers."""
        reply = self._connection.ask(lambda site: site.sites.WhoAmI, sites_pb2.WhoAmIRequest())
        self._calls.registry.notice(reply.snapshot)
        return Identity(reply.principal, tuple(reply.projects), reply.site, reply.federation)

    def close(self) -> None:
        """Close the channels. Operations go on at their sites."""
        self._connection.close()

    def __enter__(self) -> Repository:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<Repository through {self._connection.address}>"

    @short_tracebacks
    def _page(self, after: str) -> files_pb2.ListRecordsReply:
        request = files_pb2.ListRecordsRequest(limit=PAGE, after=after)
        return self._connection.ask(lambda site: site.files.ListRecords, request)

    def _record(self, message: files_pb2.Record, name: RecordName) -> Record:
        try:
            return Record(record_from_wire(message), name, self._calls)
        except (ValueError, RecursionError) as error:
            raise InternalError(
                f"{self._connection.address} describes {name} in a way that this program does not understand: {error}",
                remedy="upgrade this program, or tell the site's operator",
            ) from None
