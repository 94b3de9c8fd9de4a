"""A site that answers what a test tells it to.

A real gRPC server with real TLS, for failures that a real site cannot be brought to on demand.
"""

from __future__ import annotations

import json
import struct
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc
import numpy as np

from fomrepo.errors import FomrepoError, NotAuthenticatedError
from fomrepo.model.canonical import canonical_json
from fomrepo.model.operations import Provenance
from fomrepo.site.certificates import KeyPair, new_authority, new_site_certificate
from fomrepo.wire.failures import FAILURE_METADATA, failure_to_wire, status_of
from fomrepo.wire.v1 import (
    calls_pb2,
    calls_pb2_grpc,
    deposits_pb2,
    deposits_pb2_grpc,
    files_pb2,
    files_pb2_grpc,
    metadata_pb2_grpc,
    methods_pb2,
    methods_pb2_grpc,
    review_pb2,
    review_pb2_grpc,
    sites_pb2,
    sites_pb2_grpc,
)

TOKEN = "fom_" + "a" * 12 + "_" + "b" * 43
AUTHORITY = new_authority("scripted")
DIGEST = "d" * 64

RMSD = {
    "name": "rmsd",
    "version": "1.0.0",
    "summary": "Root mean square deviation",
    "entry": "rmsd:rmsd",
    "environment": "mdanalysis",
    "inputs": {"universe": "trajectory"},
    "parameters": {
        "select": {"type": "selection", "default": "backbone", "doc": "Atoms to measure"},
        "cutoff": {"type": "quantity", "unit": "angstrom", "default": 3.5, "min": 0, "max": 50, "doc": "How far"},
        "kind": {"type": "choice", "choices": ["mass", "plain"], "default": "plain", "doc": "Weights"},
    },
    "result": {
        "type": "TimeSeries",
        "fields": {"rmsd": {"dtype": "float64", "dims": ["frame"], "unit": "angstrom", "doc": "RMSD of each frame"}},
    },
    "citations": [{"doi": "10.1107/S0108767305015266"}],
}  # fmt: skip
INFO = {
    "name": "info",
    "version": "1.0.0",
    "summary": "What the topology says",
    "entry": "info:info",
    "environment": "mdanalysis",
    "inputs": {"topology": "topology"},
    "result": {"type": "Scalar", "fields": {"n_atoms": {"dtype": "int64", "dims": []}}},
}
BETWEEN = RMSD | {"name": "rmsd_between", "inputs": {"universe": "trajectory", "other": "trajectory"}}

FILES = [
    files_pb2.File(name="adk.psf", file_type="PSF", digest="1" * 64, size=10, facts_json='{"n_atoms":3341}'),
    files_pb2.File(
        name="adk_dims.dcd",
        file_type="DCD",
        digest="2" * 64,
        size=3_900_000,
        topology="adk.psf",
        facts_json=canonical_json(
            {
                "n_atoms": 3341,
                "n_frames": 98,
                "dt": {"value": 1.0, "unit": "ps"},
                "total_time": {"value": 0.097, "unit": "ns"},
                "box": {"lengths": [10, 10, 10], "angles": [90, 90, 90], "unit": "angstrom"},
            }
        ).decode(),
    ),
]  # fmt: skip


def container(
    tensors: dict[str, np.ndarray], outcome: object = None, *, claimed: dict[str, list[int]] | None = None
) -> bytes:
    """Write an outcome container as docs/outcome-format.md has it, except for shapes that are ``claimed``."""
    names = {"float64": "F64", "int64": "I64", "float32": "F32", "uint8": "U8", "bool": "BOOL", "int32": "I32"}
    ordered = sorted(tensors.items(), key=lambda item: (-item[1].dtype.itemsize, item[0].encode()))
    header: dict[str, Any] = {"__metadata__": {"outcome": canonical_json(outcome or {"status": "ok"}).decode()}}
    position = 0
    for name, array in ordered:
        header[name] = {
            "dtype": names[str(array.dtype)],
            "shape": (claimed or {}).get(name, list(array.shape)),
            "data_offsets": [position, position + array.nbytes],
        }
        position += array.nbytes
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text + b"".join(np.ascontiguousarray(one).tobytes() for _, one in ordered)


def rmsd_container(frames: int = 3) -> bytes:
    """A right answer of rmsd."""
    return container(
        {
            "rmsd": np.linspace(0, 1, frames),
            "times": np.arange(frames, dtype=float),
            "frames": np.arange(frames, dtype=np.int64),
        }
    )


def reply(
    state: str = "done", *, operation: str = "op-1", result: bytes | None = None, **fields: Any
) -> calls_pb2.CallReply:
    """A reply to Call or Wait; by default the right answer of rmsd."""
    message = calls_pb2.CallReply(operation=operation, state=state, site="site-a", snapshot=7)
    if state == "done":
        result = rmsd_container() if result is None else result
        message.schema_json = json.dumps(RMSD)
        message.provenance_json = Provenance(
            operation=operation,
            site="site-a",
            method="rmsd",
            version="1.0.0",
            method_digest=DIGEST,
            environment_digest="e" * 64,
            inputs=(("FOM-402917.v1", "adk_dims.dcd", "2" * 64),),
            arguments={"select": "backbone"},
            cached=False,
            wall_s=0.1,
            computed=1.0,
            way="cold",
        ).to_json()
        message.result_size = len(result)
        message.result = result
    for name, value in fields.items():
        setattr(message, name, value)
    return message


class ScriptedSite:
    """One site on loopback. ``answers`` maps the name of an RPC to what shall answer it."""

    def __init__(self, name: str = "site-a", *, authority: KeyPair = AUTHORITY) -> None:
        self.name = name
        self.received: list[tuple[str, Any]] = []
        self.siblings: list[ScriptedSite] = []
        self.answers: dict[str, Callable[[Any], Any]] = {
            "WhoAmI": lambda _: sites_pb2.WhoAmIReply(
                principal="alice", site=name, federation="scripted", projects=["alice"], snapshot=7
            ),
            "ListSites": lambda _: sites_pb2.ListSitesReply(
                sites=[
                    sites_pb2.Site(name=one.name, address=one.address, up=True, wall="FULL", slots=2)
                    for one in [self, *self.siblings]
                ]
            ),
            "ListMethods": self._methods,
            "GetRecord": lambda request: files_pb2.Record(
                accession="FOM-402917", version=1, current=True, state="private", title="AdK <closed to open>",
                project="alice", name="adk", owner="alice", created=1.0, files=FILES,
            ),
            "Call": lambda _: reply(),
            "ListAttached": lambda _: review_pb2.ListAttachedReply(),
        }  # fmt: skip
        certificate = new_site_certificate(authority, name, ["127.0.0.1", "localhost"])
        self._server = grpc.server(ThreadPoolExecutor(16))
        for add in (
            calls_pb2_grpc.add_CallsServicer_to_server,
            deposits_pb2_grpc.add_DepositsServicer_to_server,
            files_pb2_grpc.add_FilesServicer_to_server,
            metadata_pb2_grpc.add_MetadataServicer_to_server,
            methods_pb2_grpc.add_MethodsServicer_to_server,
            review_pb2_grpc.add_ReviewServicer_to_server,
            sites_pb2_grpc.add_SitesServicer_to_server,
        ):
            add(_Servicer(self), self._server)
        credentials = grpc.ssl_server_credentials([(certificate.key, certificate.certificate)])
        self.address = f"127.0.0.1:{self._server.add_secure_port('127.0.0.1:0', credentials)}"
        self._server.start()

    @property
    def counted(self) -> Counter[str]:
        """How often each RPC arrived."""
        return Counter(rpc for rpc, _ in self.received)

    def requests(self, rpc: str) -> list[Any]:
        """What arrived for one RPC."""
        return [request for name, request in self.received if name == rpc]

    def stop(self) -> None:
        """Be gone at once, also for those who wait."""
        self._server.stop(None).wait()

    def answer(self, rpc: str, request: Any, context: grpc.ServicerContext) -> Any:
        token = dict(context.invocation_metadata()).get("authorization")
        try:
            if token != f"Bearer {TOKEN}":
                raise NotAuthenticatedError("the token is not known")
            if not isinstance(request, Iterator):
                self.received.append((rpc, request))
            return self.answers[rpc](request)
        except FomrepoError as error:
            context.set_trailing_metadata(((FAILURE_METADATA, failure_to_wire(error).SerializeToString()),))
            context.abort(status_of(error), error.message)

    def _methods(self, request: methods_pb2.ListMethodsRequest) -> methods_pb2.ListMethodsReply:
        if request.known_snapshot == 7:
            return methods_pb2.ListMethodsReply(snapshot=7)
        schemas = (RMSD, RMSD | {"version": "0.9.0"}, INFO, BETWEEN)
        return methods_pb2.ListMethodsReply(
            snapshot=7,
            methods=[methods_pb2.Method(digest=DIGEST, schema_json=json.dumps(one)) for one in schemas],
        )


class _Servicer:
    """All services in one object."""

    def __init__(self, site: ScriptedSite) -> None:
        self._site = site

    def __getattr__(self, rpc: str) -> Callable[[Any, grpc.ServicerContext], Any]:
        if rpc in ("ReadResult", "ReadFile"):
            return lambda request, context: iter(self._site.answer(rpc, request, context) or ())
        return lambda request, context: self._site.answer(rpc, request, context)


def accepted(accession: str = "FOM-402917.v1") -> deposits_pb2.Deposit:
    """A deposit that became a record."""
    return deposits_pb2.Deposit(id="deposit-1", state="accepted", accession=accession, site="site-a")
