"""Keys, verdicts and touched operations on the wire: both directions side by side."""

from __future__ import annotations

from fomrepo.model.keys import KeyEntry, KeyState, TaintedOperation
from fomrepo.model.statements import Verdict, VerdictStatement
from fomrepo.wire.v1 import trust_pb2 as pb


def key_to_wire(key: KeyEntry) -> pb.KeyEntry:
    """Write a key as a message."""
    return pb.KeyEntry(
        id=key.id,
        owner=key.owner,
        label=key.label,
        state=key.state.value,
        institution=key.institution,
        replaces=key.replaces,
        created=key.created,
    )


def key_from_wire(message: pb.KeyEntry) -> KeyEntry:
    """Make the value again.

    Raises
    ------
    ValueError
        If it is in a state that this program does not know.
    """
    return KeyEntry(
        id=message.id,
        owner=message.owner,
        label=message.label,
        state=KeyState(message.state),
        institution=message.institution,
        replaces=message.replaces,
        created=message.created,
    )


def verdict_to_wire(verdict: Verdict) -> pb.JudgeRequest:
    """Write a verdict as a message; its statement travels as it was signed."""
    return pb.JudgeRequest(statement=verdict.statement.to_bytes(), key_id=verdict.key_id, signature=verdict.signature)


def verdict_from_wire(message: pb.JudgeRequest) -> Verdict:
    """Make the value again.

    Raises
    ------
    MethodNotTrustedError
        If the statement cannot be read.
    """
    return Verdict(VerdictStatement.from_bytes(message.statement), message.key_id, message.signature)


def tainted_to_wire(operation: TaintedOperation) -> pb.TaintedOperation:
    """Write an operation as a message."""
    return pb.TaintedOperation(
        operation=operation.operation,
        method=operation.method,
        version=operation.version,
        created=operation.created,
        reason=operation.reason,
        files=operation.files,
    )


def tainted_from_wire(message: pb.TaintedOperation) -> TaintedOperation:
    """Make the value again."""
    return TaintedOperation(
        operation=message.operation,
        method=message.method,
        version=message.version,
        created=message.created,
        reason=message.reason,
        files=tuple(message.files),
    )
