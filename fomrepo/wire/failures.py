"""Errors on the wire: both directions side by side."""

from __future__ import annotations

from typing import cast

import grpc

from fomrepo import errors
from fomrepo.errors import FomrepoError, LimitHit, MethodFailedError, MethodFrame
from fomrepo.wire.v1 import failures_pb2 as pb

#: Key of the trailing metadata that carries a failure; "-bin" makes gRPC send it as bytes.
FAILURE_METADATA = "fomrepo-failure-bin"

#: Longest text of a message or log on the wire. Trailing metadata must stay below gRPC's 8 KiB of headers.
TEXT_LIMIT = 3000

#: What gRPC says of a certificate of another authority, and of one with another name.
_NOT_BELIEVED = ("CERTIFICATE_VERIFY_FAILED", "Hostname Verification Check failed")

#: What it says of one whose time is over.
_ENDED = "certificate has expired"

#: Status of gRPC for each branch of errors, for programs that look at nothing else.
_STATUS: dict[type[FomrepoError], grpc.StatusCode] = {
    errors.NotFoundError: grpc.StatusCode.NOT_FOUND,
    errors.NotAuthenticatedError: grpc.StatusCode.UNAUTHENTICATED,
    errors.NotAllowedError: grpc.StatusCode.PERMISSION_DENIED,
    errors.IdentityError: grpc.StatusCode.PERMISSION_DENIED,
    errors.ConflictError: grpc.StatusCode.ALREADY_EXISTS,
    errors.CancelledError: grpc.StatusCode.CANCELLED,
    errors.CallerError: grpc.StatusCode.INVALID_ARGUMENT,
    errors.SiteBusyError: grpc.StatusCode.RESOURCE_EXHAUSTED,
    errors.StorageError: grpc.StatusCode.RESOURCE_EXHAUSTED,
    errors.InternalError: grpc.StatusCode.INTERNAL,
    errors.FomrepoError: grpc.StatusCode.FAILED_PRECONDITION,
}


def failure_to_wire(error: FomrepoError) -> pb.Failure:
    """Write an error as a message."""
    failure = pb.Failure(
        code=error.code,
        message=error.message[:TEXT_LIMIT],
        remedy=(error.remedy or "")[:TEXT_LIMIT],
        facts={key: value[:200] for key, value in error.facts.items()},
        correlation_id=error.correlation_id or "",
    )
    if isinstance(error, MethodFailedError):
        failure.type_name = error.type_name[:200]
        failure.log = error.log[-TEXT_LIMIT:]
        failure.frames.extend(
            pb.MethodFrame(file=one.file[:200], line=one.line, function=one.function[:200], source=one.source[:200])
            for one in error.frames[-16:]
        )
        if (limit := error.limit) is not None:
            failure.limit.CopyFrom(
                pb.LimitHit(name=limit.name, allowed=limit.allowed, used=limit.used, unit=limit.unit)
            )
    return failure


def failure_from_wire(failure: pb.Failure) -> FomrepoError:
    """Make the error again; an unknown code becomes an ``InternalError``."""
    kind = errors.error_class(failure.code)
    facts = dict(failure.facts)
    error: FomrepoError
    if issubclass(kind, MethodFailedError):
        limit = failure.limit
        error = kind(
            failure.message,
            remedy=failure.remedy or None,
            facts=facts,
            type_name=failure.type_name,
            frames=[MethodFrame(one.file, one.line, one.function, one.source) for one in failure.frames],
            log=failure.log,
            limit=LimitHit(limit.name, limit.allowed, limit.used, limit.unit) if failure.HasField("limit") else None,
        )
    else:
        error = kind(failure.message, remedy=failure.remedy or None, facts=facts)
    error.correlation_id = failure.correlation_id or None
    return error


def status_of(error: FomrepoError) -> grpc.StatusCode:
    """Status code of gRPC that says about the same."""
    return next(_STATUS[kind] for kind in type(error).__mro__ if kind in _STATUS)


def error_from_rpc(error: grpc.RpcError, *, address: str) -> FomrepoError:
    """Turn what gRPC raised into an error of ours.

    Parameters
    ----------
    error
        As a stub raised it.
    address
        Whom the stub was talking to, for the message.
    """
    metadata = cast("tuple[tuple[str, bytes], ...]", error.trailing_metadata() or ())
    for key, value in metadata:
        if key == FAILURE_METADATA:
            return failure_from_wire(pb.Failure.FromString(value))
    code, details = error.code(), error.details() or ""
    if code is grpc.StatusCode.UNAVAILABLE and _ENDED in details:
        return errors.IdentityError(
            f"the certificate of {address} has ended", remedy="its operator renews it: fomrepo site renew"
        )
    if code is grpc.StatusCode.UNAVAILABLE and any(said in details for said in _NOT_BELIEVED):
        return errors.IdentityError(
            f"{address} shows a certificate that is not of this federation",
            remedy=f"check the address; log in with its federation's certificate: fomrepo login {address} --ca FILE",
        )
    # CANCELLED without a failure of ours is what a server that stops says to those who wait.
    if code in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED, grpc.StatusCode.CANCELLED):
        return errors.SiteUnreachableError(
            f"no answer from {address}", remedy="see whether it is up: fomrepo site status", facts={"address": address}
        )
    if code is grpc.StatusCode.RESOURCE_EXHAUSTED:
        return errors.SiteBusyError(
            f"{address} refused the request: {details[:200]}", remedy="send less at once, or try again later"
        )
    return errors.InternalError(f"{address} answered {code.name}: {details[:200]}")
