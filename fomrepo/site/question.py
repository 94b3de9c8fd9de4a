"""A call after its arguments were checked, and what it means at one moment: steps 3 and 4 of the life of a call."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from shlex import quote

from fomrepo.cache.key import result_key
from fomrepo.errors import ArgumentError, DataError
from fomrepo.installed_types import installed_types
from fomrepo.model.files import RecordName, Replica, ReplicaState
from fomrepo.model.methods import Bundle, MethodSchema
from fomrepo.model.operations import CallOrder, MethodRef
from fomrepo.model.results import Kept, ResolvedCall
from fomrepo.site.parts import SiteParts
from fomrepo.site.together import Seat

#: Characters of a file type that a message shows: those that there are have 16 at most.
TYPE_SHOWN = 40


@dataclass(frozen=True, slots=True)
class Resolution:
    """What a question means at one moment: exact bytes, where they are, and what was answered before."""

    call: ResolvedCall
    #: Key in the index of results; empty for drafts.
    key: str
    #: What is kept under the key, and of the caller's own history.
    kept: Kept
    #: Replicas of the call's objects at all sites, whatever their states.
    replicas: tuple[Replica, ...]
    #: When, on this machine's monotonic clock, in seconds.
    moment: float
    #: Count of the catalog's changes at that moment.
    number: int

    def held_by(self, site: str) -> Mapping[str, Replica]:
        """Replicas of one site, by digest."""
        return {one.digest: one for one in self.replicas if one.site == site}

    def counting(self, held: Mapping[str, Replica]) -> Resolution:
        """The same with these replicas, of a site where the versions were not put."""
        return replace(self, replicas=(*self.replicas, *held.values()))

    def good(self) -> Mapping[str, Sequence[str]]:
        """For each site, the objects of which it holds good replicas."""
        held: dict[str, list[str]] = {}
        for one in self.replicas:
            if one.state is ReplicaState.GOOD:
                held.setdefault(one.site, []).append(one.digest)
        return held


@dataclass(frozen=True, slots=True)
class Question:
    """A call after its arguments were checked: everything but the data."""

    order: CallOrder
    bundle: Bundle
    #: Whether the bundle is an unreviewed draft: cold, never cached.
    draft: bool
    #: The only site where a draft may run; empty: any.
    at_site: str = ""
    #: Place among the calls that are asked for together; None: it is asked by itself.
    seat: Seat | None = None

    @property
    def schema(self) -> MethodSchema:
        """Schema of the method."""
        return self.bundle.schema

    def resolve(self, site: SiteParts, principal: str) -> Resolution:
        """Authorise, resolve to exact bytes and look up the result and the replicas, all at one moment.

        Raises
        ------
        NotFoundError
            If a record or file is not there, or not for this principal.
        ArgumentError
            If a file has another type than the method accepts.
        DataError
            If a file has a type that this site does not know.
        """
        return site.catalog.at_one_moment(lambda: self._resolve(site, principal))

    def _resolve(self, site: SiteParts, principal: str) -> Resolution:
        moment = time.monotonic()
        if not self.draft:
            site.registry.vouch(self.bundle)
        inputs = [(RecordName.parse(one.record), one.name) for one in self.order.inputs]
        method = None if self.draft else MethodRef(self.schema.name, self.schema.version)
        call = site.catalog.calls.resolve(principal, inputs, method)
        self._check_types(call, site.name)
        key = "" if self.draft else self._result_key(site, call)
        kept = site.catalog.calls.kept(principal, result_key=key, idempotency_key=self.order.idempotency_key)
        read = [(one.version.version_id, one.objects) for one in call.inputs]
        replicas = site.catalog.replicas.of_inputs(principal, read)
        return Resolution(call, key, kept, replicas, moment, site.catalog.number())

    def _result_key(self, site: SiteParts, call: ResolvedCall) -> str:
        return result_key(
            site.secret,
            call,
            method_digest=self.bundle.digest,
            schema=self.schema.source,
            arguments=self.order.arguments,
            frames=self.order.frames,
            environment_digest=site.environments.digest_of(self.bundle),
        )

    def _check_types(self, call: ResolvedCall, site: str) -> None:
        for position, one in enumerate(call.inputs):
            for file in filter(None, (one.file, one.topology)):
                if file.file_type not in installed_types() or not file.families:
                    raise DataError(
                        f"{file.name} has the type {file.file_type[:TYPE_SHOWN]!r}, which {site} does not know",
                        remedy="if a newer fomrepo knows it, its operator has to upgrade; else deposit the file again",
                    )
            if not self.schema.accepts(one.file.file_type, one.file.families, position):
                raise ArgumentError(
                    f"{self.schema.name} takes {self.schema.accepted(position)}, "
                    f"and {one.file.name} is a {one.file.file_type}",
                    remedy="see what can be called on it: fomrepo show "
                    + quote(f"{one.version.accession}/{one.file.name}"),
                )
            needs_topology = one.file.families[0] == "trajectory" and "topology" not in one.file.families
            if needs_topology and one.topology is None:
                raise ArgumentError(
                    f"{one.file.name} has no topology in its record, so no method can read it",
                    remedy="deposit it together with its topology: fomrepo deposit TOPOLOGY TRAJECTORY",
                )
