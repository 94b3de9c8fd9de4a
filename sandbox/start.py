"""Guest: the first code behind the wall; does the steps of docs/guest-protocol.md in their order.

Started as `python -I -B -S /harness/sandbox/start.py` with the host's socket as descriptor 3.
Host counterpart: fomrepo/isolation/warden.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass

HOST_DESCRIPTOR = 3


@dataclass(frozen=True, slots=True)
class Places:
    """Where things are, inside."""

    harness: str = "/harness"
    environment: str = "/env"
    method: str = "/method"
    second_filter: str = "/harness/second-filter.bpf"
    holder_filter: str = "/harness/holder-filter.bpf"


def run(places: Places) -> None:
    """Answer the one request that comes on descriptor 3.

    Whatever fails before step 5 is the machine's fault: it is raised, and the process ends without an outcome.
    """
    sys.path += [places.harness, places.environment]
    from sandbox.request import HoldRequest, ProbeRequest, SpareRequest, read_request

    # 1. Read the request.
    stream = open(HOST_DESCRIPTOR, "rb", closefd=False)  # noqa: SIM115  (leave may follow, and be in its buffer)
    request = read_request(stream)

    # 2. Import what the environment has.
    from sandbox.answer import Answer
    from sandbox.limits import apply_limits
    from sandbox.packages import import_mdanalysis
    from sandbox.second_filter import install_second_filter

    if isinstance(request, SpareRequest):
        import_mdanalysis(())
        from sandbox.spare import wait_for_files

        wait_for_files()
        request = read_request(stream)
    if isinstance(request, ProbeRequest):
        from sandbox.leave import Leave
        from sandbox.run_probe import probe_outcome
    else:
        import_mdanalysis({file.type for given in request.inputs for file in given.files})
        from sandbox.run_method import method_outcome
    if isinstance(request, HoldRequest):
        from sandbox.hold import hold

        hold(
            request,
            holder_filter=places.holder_filter,
            second_filter=places.second_filter,
            method_folder=places.method,
        )

    # 3. Set the limits that can only be set inside.
    apply_limits(request.limits)

    # 4. Install the second seccomp filter. From here on nothing can be opened for writing, and nothing started.
    install_second_filter(places.second_filter)

    # 5. Open the data. 6. Import and run the method or the probe.
    answer = Answer(HOST_DESCRIPTOR)
    if isinstance(request, ProbeRequest):
        size, leave = request.file["size"], Leave(stream, request.leave_bytes)

        def told(position: int) -> None:
            done = min(position, size)
            answer.progress(done, size)
            leave.wait_for(done, lambda: answer.progress(done, size, at_once=True))

        answer.progress(0, size)
        outcome = probe_outcome(request, os.path.join(places.harness, "deposition"), told)
    else:
        sys.path.append(places.method)
        outcome = method_outcome(request, answer, places.method)

    # 7. Write the outcome, close, exit 0; a thread that the method left behind does not keep the process.
    answer.outcome(outcome)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


if __name__ == "__main__":
    run(Places())
