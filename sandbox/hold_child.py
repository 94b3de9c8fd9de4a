"""Guest: a child of a holder: forked ahead of time, it settles, says that it is ready, and serves one call.

Host counterpart: fomrepo/isolation/holder_child.
"""

from __future__ import annotations

import os
import sys
import time
import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

from sandbox.answer import Answer
from sandbox.frames import frame_indices
from sandbox.hold_bundle import make_importable
from sandbox.hold_kernel import die_with_parent, drop_capabilities, hang_up
from sandbox.hold_reader import open_again
from sandbox.hold_rehearsal import rehearse
from sandbox.limits import apply_limits
from sandbox.one_pass import FrameStream
from sandbox.request import FramesRequest, HoldRequest, MethodRequest, read_request
from sandbox.run_method import method_outcome
from sandbox.second_filter import install_filter

ANSWER_DESCRIPTOR = 3
DESCRIPTORS_LIMIT = 1 << 20
READY = b"r"


@dataclass(frozen=True, slots=True)
class Inheritance:
    """What every child of a holder starts with."""

    request: HoldRequest
    universes: Sequence[Any]
    closed_readers: Sequence[Any]  # their files are opened again in each child
    second_filter: bytes
    method_folder: str  # where the bundle would lie


@dataclass(frozen=True, slots=True)
class Fork:
    """What one child is given."""

    talk: int  # descriptor: the socket to the host
    log: int  # descriptor: where stdout and stderr go
    mapped_bytes: int  # address space that the holder has, which is no memory of the child
    data_bytes: int  # the part of it that counts as data
    rehearses: int  # 1: it has the time for a rehearsal before its call


def be_child(inherited: Inheritance, given: Fork) -> NoReturn:
    """Live the life of a child; whatever goes wrong before the answer is in the log."""
    try:
        _settle(inherited, given)
        if given.rehearses:
            rehearse(inherited.request, inherited.universes, inherited.method_folder)
        os.write(ANSWER_DESCRIPTOR, READY)
        _serve(inherited, given)
    except BaseException:
        traceback.print_exc()
        sys.stderr.flush()
    os._exit(1)


def _settle(inherited: Inheritance, given: Fork) -> None:
    """Become what a cold guest is when its imports are done."""
    # 1. One socket, one log, nothing else; not the holder's open file, whose flags all children would share.
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(given.talk, ANSWER_DESCRIPTOR, inheritable=False)
    os.dup2(given.log, 1)
    os.dup2(given.log, 2)
    os.closerange(ANSWER_DESCRIPTOR + 1, DESCRIPTORS_LIMIT)
    # 2. A session of its own, no capability, no life without the holder.
    os.setsid()
    drop_capabilities()
    die_with_parent()
    # 3. Limits, beyond what is there already.
    apply_limits(inherited.request.limits, mapped_bytes=given.mapped_bytes, data_bytes=given.data_bytes)
    # 4. Files that are read in this process alone.
    for reader in inherited.closed_readers:
        open_again(reader)
    # 5. Out of the background, and under the second filter.
    os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
    install_filter(inherited.second_filter)


def _serve(inherited: Inheritance, given: Fork) -> None:
    """Answer the one request; then do nothing until the host ends it."""
    with open(ANSWER_DESCRIPTOR, "rb", closefd=False) as stream:
        request = read_request(stream)
        known = isinstance(request, MethodRequest | FramesRequest) and request.inputs == inherited.request.inputs
        if not known:
            raise ValueError("the request is not about the files that this holder has")
        if request.limits != inherited.request.limits:
            apply_limits(request.limits, mapped_bytes=given.mapped_bytes, data_bytes=given.data_bytes)
        answer = Answer(ANSWER_DESCRIPTOR, hang_up)
        if isinstance(request, FramesRequest):
            reader = inherited.universes[0].trajectory
            frames = FrameStream(reader, frame_indices(request.frames, len(reader)))
            answer.stream(len(frames), frames.chunks())
        else:
            make_importable(request.bundle, inherited.method_folder)
            outcome = method_outcome(request, answer, inherited.method_folder, inherited.universes)
            sys.stdout.flush()
            sys.stderr.flush()
            answer.outcome(outcome)
    while True:
        time.sleep(3600.0)
