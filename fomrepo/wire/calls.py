"""Calls on the wire: both directions side by side."""

from __future__ import annotations

import json

from fomrepo.errors import ArgumentError
from fomrepo.model.canonical import canonical_json
from fomrepo.model.explanation import Explanation, SiteOption
from fomrepo.model.operations import CallOrder, FileRef, FrameRange, MethodRef
from fomrepo.wire.v1 import calls_pb2 as pb

#: Most bytes in one chunk of a stream, and in a result that is sent along with the reply.
CHUNK_BYTES = 2**20

#: Most calls that are asked for together: with one that decodes for them, half of the children of a holder.
TOGETHER_LIMIT = 7

#: Longest wait of ``Call`` and of ``Wait``, in seconds.
CALL_WAIT_S = 2.0
WAIT_LIMIT_S = 20.0


def call_to_wire(order: CallOrder, *, wait_s: float = CALL_WAIT_S) -> pb.CallRequest:
    """Write a call as a message."""
    request = pb.CallRequest(
        method=order.method.name,
        version=order.method.version or "",
        inputs=[pb.FileRef(record=one.record, name=one.name) for one in order.inputs],
        arguments_json=canonical_json(dict(order.arguments)).decode(),
        idempotency_key=order.idempotency_key,
        wait_s=wait_s,
    )
    if (frames := order.frames) is not None:
        request.frames.SetInParent()
        if frames.frames is not None:
            request.frames.listed = True
            request.frames.frames.extend(frames.frames)
        for name in ("start", "stop", "step"):
            if (value := getattr(frames, name)) is not None:
                setattr(request.frames, name, value)
    return request


def explanation_to_wire(told: Explanation) -> pb.ExplainReply:
    """Write what a call would do as a message."""
    return pb.ExplainReply(
        method=told.method,
        version=told.version,
        digest=told.digest,
        way=told.way,
        reason=told.reason,
        answered=told.answered,
        site=told.site,
        options=[
            pb.SiteOption(
                site=one.site,
                up=one.up,
                environment=one.environment,
                running=one.running,
                waiting=one.waiting,
                slots=one.slots,
            )
            for one in told.options
        ],
    )


def explanation_from_wire(reply: pb.ExplainReply) -> Explanation:
    """Make the value again."""
    options = tuple(
        SiteOption(one.site, one.up, one.environment, one.running, one.waiting, one.slots) for one in reply.options
    )
    return Explanation(
        reply.method, reply.version, reply.digest, reply.way, reply.reason, reply.answered, reply.site, options
    )


def call_from_wire(request: pb.CallRequest) -> CallOrder:
    """Make the value again.

    Raises
    ------
    ArgumentError
        If the arguments are no JSON object.
    """
    try:
        arguments = json.loads(request.arguments_json or "{}")
    except (ValueError, RecursionError):
        arguments = None
    if not isinstance(arguments, dict):
        raise ArgumentError("the arguments of the call are no JSON object")
    frames: FrameRange | None = None
    if request.HasField("frames"):
        wire = request.frames
        frames = FrameRange(
            start=wire.start if wire.HasField("start") else None,
            stop=wire.stop if wire.HasField("stop") else None,
            step=wire.step if wire.HasField("step") else None,
            frames=tuple(wire.frames) if wire.listed else None,
        )
    return CallOrder(
        method=MethodRef(request.method, request.version or None),
        inputs=tuple(FileRef(one.record, one.name) for one in request.inputs),
        arguments=arguments,
        frames=frames,
        idempotency_key=request.idempotency_key,
    )
