"""What somebody has under way, on the wire: both directions side by side."""

from __future__ import annotations

from fomrepo.model.deposits import Deposit, DepositState
from fomrepo.model.desk import OwnDeposit, OwnOperation, OwnToken
from fomrepo.model.operations import Operation, OperationState
from fomrepo.model.people import Token
from fomrepo.wire.failures import failure_from_wire
from fomrepo.wire.v1 import desk_pb2 as pb
from fomrepo.wire.v1 import failures_pb2


def operation_to_wire(operation: Operation) -> pb.OwnOperation:
    """Write an operation as a message."""
    read = () if operation.provenance is None else operation.provenance.inputs
    return pb.OwnOperation(
        id=operation.id,
        method=operation.method,
        state=operation.state.value,
        site=operation.site or "",
        created=operation.created,
        done=operation.done,
        total=operation.total,
        inputs=[f"{record}/{name}" for record, name, _ in read],
        result_size=operation.result_size,
        failure=None if operation.failure is None else failures_pb2.Failure.FromString(operation.failure),
    )


def operation_from_wire(message: pb.OwnOperation) -> OwnOperation:
    """Read an operation.

    Raises
    ------
    ValueError
        If it is none.
    """
    return OwnOperation(
        id=message.id,
        method=message.method,
        state=OperationState(message.state),
        site=message.site,
        created=message.created,
        done=message.done,
        total=message.total,
        inputs=tuple(message.inputs),
        result_size=message.result_size,
        failure=failure_from_wire(message.failure) if message.HasField("failure") else None,
    )


def deposit_to_wire(deposit: Deposit) -> pb.OwnDeposit:
    """Write a deposit as a message."""
    return pb.OwnDeposit(
        id=deposit.id,
        state=deposit.state.value,
        title=deposit.title,
        project=deposit.project,
        site=deposit.site,
        created=deposit.created,
        files=len(deposit.uploads),
        arrived=sum(one.digest is not None for one in deposit.uploads),
        accession=deposit.accession or "",
        refusal=None if deposit.refusal is None else failures_pb2.Failure.FromString(deposit.refusal),
    )


def deposit_from_wire(message: pb.OwnDeposit) -> OwnDeposit:
    """Read a deposit.

    Raises
    ------
    ValueError
        If it is none.
    """
    return OwnDeposit(
        id=message.id,
        state=DepositState(message.state),
        title=message.title,
        project=message.project,
        site=message.site,
        created=message.created,
        files=message.files,
        arrived=message.arrived,
        accession=message.accession,
        refusal=failure_from_wire(message.refusal) if message.HasField("refusal") else None,
    )


def token_to_wire(token: Token, *, this: bool) -> pb.OwnToken:
    """Write what is kept of a token as a message, without its digest."""
    return pb.OwnToken(
        handle=token.handle, label=token.label, expires=token.expires or 0.0, revoked=token.revoked or 0.0, this=this
    )


def token_from_wire(message: pb.OwnToken) -> OwnToken:
    """Read what is kept of a token."""
    return OwnToken(message.handle, message.label, message.expires or None, message.revoked or None, message.this)
