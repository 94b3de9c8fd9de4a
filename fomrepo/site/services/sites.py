"""Service ``Sites``: who am I, and who else is there."""

from __future__ import annotations

from contextlib import suppress

import grpc

from fomrepo.errors import MethodNotTrustedError, SiteError
from fomrepo.site.parts import SiteParts
from fomrepo.site.services.border import caller, unary
from fomrepo.site.sites_known import SitesKnown
from fomrepo.wire.v1 import sites_pb2, sites_pb2_grpc


class SitesService(sites_pb2_grpc.SitesServicer):
    """Answers clients."""

    def __init__(self, site: SiteParts, known: SitesKnown) -> None:
        self._site, self._known = site, known

    @unary
    def WhoAmI(self, request: sites_pb2.WhoAmIRequest, context: grpc.ServicerContext) -> sites_pb2.WhoAmIReply:
        principal = caller(self._site.catalog, context)
        return sites_pb2.WhoAmIReply(
            principal=principal.name,
            site=self._site.name,
            federation=self._site.settings.federation,
            projects=[one.name for one in self._site.catalog.people.projects_of(principal.id)],
            snapshot=self._snapshot_number(),
        )

    @unary
    def ListSites(self, request: sites_pb2.ListSitesRequest, context: grpc.ServicerContext) -> sites_pb2.ListSitesReply:
        caller(self._site.catalog, context)
        loads = self._known.loads()
        reply = sites_pb2.ListSitesReply()
        for name, entry in sorted(self._known.entries().items()):
            load = loads[name]
            reply.sites.add(
                name=name,
                address=entry.address,
                up=entry.up,
                wall=entry.wall,
                running=load.running,
                waiting=load.waiting,
                slots=load.slots,
            )
        return reply

    def _snapshot_number(self) -> int:
        """Number of the registry's snapshot. Where it cannot be confirmed methods do not run; all else goes on."""
        registry = self._site.registry
        with suppress(SiteError, MethodNotTrustedError):
            return registry.snapshot().number
        return registry.how_new.changes
