"""The harness as a process that talks on descriptor 3, from the request to the end of the stream.

There is no wall here: an allow-everything filter takes the place of the second one, to see that it is installed.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import struct
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from MDAnalysis.analysis import rms
from MDAnalysisTests import datafiles

from fomrepo.installed_files import installed_folder
from tests.guest.runs import LIMITS, SAMPLES, offsets_of, read_outcome, schema_of, takes_frames
from tests.guest.test_methods import universe_of

ALLOW_EVERYTHING = struct.pack("HBBI", 0x06, 0, 0, 0x7FFF0000)  # one BPF instruction: return SECCOMP_RET_ALLOW
ROOT = installed_folder("sandbox").parent
PROGRAM = """
import sys
sys.path.insert(0, {root!r})
from sandbox.start import Places, run
run(Places({root!r}, {packages!r}, {method!r}, {second_filter!r}))
"""


@dataclass(frozen=True, slots=True)
class Ended:
    """How a run ended."""

    status: int
    log: str
    messages: list[tuple[bytes, bytes]]

    @property
    def outcome(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """The one outcome, which is the last message."""
        assert [kind for kind, _ in self.messages].count(b"o") == 1, self.log
        assert self.messages[-1][0] == b"o"
        return read_outcome(self.messages[-1][1])


@pytest.fixture
def start(tmp_path: Path):
    """Give a function that runs the harness on a request, with the method's source if it is not built in."""

    def started(
        request: bytes | dict[str, Any],
        *,
        method: str | Path = "rmsd",
        second_filter: bytes | None = None,
        talk: Callable[[socket.socket], bytes] = lambda ours: b"",
    ) -> Ended:
        filter_path = tmp_path / "second-filter.bpf"
        filter_path.write_bytes(ALLOW_EVERYTHING if second_filter is None else second_filter)
        folder = method if isinstance(method, Path) else installed_folder("methods") / method
        program = PROGRAM.format(
            root=str(ROOT),
            packages=str(Path(np.__file__).parent.parent),
            method=str(folder),
            second_filter=str(filter_path),
        )
        ours, its = socket.socketpair()
        moved = its.fileno()
        with ours, its:
            process = subprocess.Popen(
                [sys.executable, "-I", "-B", "-S", "-c", program],
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                env={"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "LANG": "C.UTF-8"},
                pass_fds=(3,) if moved == 3 else (),
                preexec_fn=lambda: (os.dup2(moved, 3), os.set_inheritable(3, True)),
                close_fds=False,
            )
            its.close()
            body = request if isinstance(request, bytes) else json.dumps(request).encode()
            ours.sendall(len(body).to_bytes(8, "little") + body)
            stream = talk(ours)
            ours.shutdown(socket.SHUT_WR)
            stream += b"".join(iter(lambda: ours.recv(1 << 20), b""))
            log, _ = process.communicate()
        return Ended(process.returncode, log.decode(), list(_messages(stream)))

    return started


def _messages(stream: bytes):
    while stream:
        length = int.from_bytes(stream[1:9], "little")
        yield stream[:1], stream[9 : 9 + length]
        assert len(stream) >= 9 + length
        stream = stream[9 + length :]


def request(name: str = "rmsd", data: str = "adk_dims", **changes: Any) -> dict[str, Any]:
    """Make the JSON of a method run, as the host sends it."""
    schema, sample = schema_of(name), SAMPLES[data]
    declared = schema.get("parameters", {})
    module, function = schema["entry"].split(":")
    files = [
        {"role": role, "type": kind, "path": path, "name": Path(path).name}
        for role, kind, path in zip(
            ("topology", "trajectory"), sample.types, (sample.topology, sample.trajectory), strict=True
        )
    ]
    return {
        "protocol": 1,
        "task": "method",
        "entry": {"module": module, "function": function},
        "inputs": [{"name": "universe", "family": "trajectory", "files": files}],
        "frames": {"start": None, "stop": None, "step": None, "frames": None} if takes_frames(schema) else None,
        "parameters": {key: {"type": value["type"]} for key, value in declared.items()},
        "arguments": {key: value["default"] for key, value in declared.items() if "default" in value},
        "result": {
            "type": schema["result"]["type"],
            "fields": {
                key: {"dtype": field["dtype"], "dims": field["dims"], "optional": field.get("optional", False)}
                for key, field in schema["result"]["fields"].items()
            },
        },
        "limits": {name: getattr(LIMITS, name) for name in LIMITS.__slots__} | {"processes": 100_000},
    } | changes


def written(tmp_path: Path, source: str) -> Path:
    """Write a method named rmsd."""
    folder = tmp_path / "method"
    folder.mkdir()
    (folder / "rmsd.py").write_text(source)
    return folder


def test_a_run_ends_with_one_outcome_equal_to_mdanalysis(start) -> None:
    ended = start(request())
    outcome, fields = ended.outcome
    assert (outcome, ended.status) == ({"status": "ok"}, 0)
    expected = rms.RMSD(universe_of("adk_dims"), select="backbone").run().results.rmsd
    np.testing.assert_allclose(fields["rmsd"], expected[:, 2], atol=1e-6)


def test_progress_comes_before_the_outcome_and_ends_with_all_frames(start) -> None:
    messages = start(request()).messages
    progress = [json.loads(body) for kind, body in messages if kind == b"p"]
    assert progress[-1] == {"done": 98, "total": 98}
    assert all(len(body) <= 256 for kind, body in messages if kind == b"p")


def test_equal_runs_have_equal_bytes(start) -> None:
    assert start(request("info"), method="info").messages[-1] == start(request("info"), method="info").messages[-1]


def test_what_a_method_prints_is_log(start, tmp_path: Path) -> None:
    source = 'def rmsd(u, frames, **_):\n    print("hello")\n    return {"rmsd": [0.0] * len(frames)}\n'
    ended = start(request(), method=written(tmp_path, source))
    assert (ended.outcome[0], ended.log) == ({"status": "ok"}, "hello\n")


def test_a_thread_left_behind_does_not_keep_the_process(start, tmp_path: Path) -> None:
    source = (
        "import threading, time\n"
        "def rmsd(u, frames, **_):\n"
        "    threading.Thread(target=time.sleep, args=(1000,)).start()\n"
        '    return {"rmsd": [0.0] * len(frames)}\n'
    )
    ended = start(request(), method=written(tmp_path, source))
    assert (ended.outcome[0], ended.status) == ({"status": "ok"}, 0)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("import numpy; numpy.empty(1 << 40)", "8.00 TiB"),
        ("return bytearray(1 << 31)", "more memory was asked for than the run may use"),
    ],
)
def test_more_memory_than_allowed_is_told(start, tmp_path: Path, body: str, message: str) -> None:
    outcome, _ = start(request(), method=written(tmp_path, f"def rmsd(u, frames, **_):\n    {body}\n")).outcome
    assert (outcome["fault"], outcome["type"], outcome["limit"]) == ("limit", "MemoryError", {"name": "memory"})
    assert message in outcome["message"]


def test_leaving_is_failing(start, tmp_path: Path) -> None:
    ended = start(request(), method=written(tmp_path, "import sys\nsys.exit(0)\n"))
    assert (ended.outcome[0]["type"], ended.status) == ("SystemExit", 0)


def test_data_that_cannot_be_opened_are_at_fault(start, tmp_path: Path) -> None:
    asked = request()
    broken = tmp_path / "broken.dcd"
    broken.write_bytes(Path(datafiles.DCD).read_bytes()[:200])
    asked["inputs"][0]["files"][1]["path"] = str(broken)
    outcome, _ = start(asked).outcome
    assert outcome["fault"] == "data"
    assert outcome["message"].startswith("adk.psf with adk_dims.dcd cannot be read: ")
    assert outcome["frames"] == []


def test_a_probe_run_answers_with_facts_and_offsets(start) -> None:
    path = Path(datafiles.TRR)
    ended = start(
        {
            "protocol": 1,
            "task": "probe",
            "file": {"path": str(path), "name": "adk.trr", "size": path.stat().st_size},
            "topology": {"path": "", "type": "GRO", "name": "adk.gro", "n_atoms": 47681},
            "limits": request()["limits"],
        }
    )
    outcome, tensors = ended.outcome
    assert (outcome["status"], outcome["facts"]["n_frames"], len(offsets_of(tensors))) == ("ok", 10, 10)


def test_a_probe_looks_no_further_than_it_has_leave(start) -> None:
    path, each = Path(datafiles.TRR), 4 << 20
    heard: list[int] = []  # how far it said that it is, before each leave

    def talk(ours: socket.socket) -> bytes:
        stream = b""
        for _ in range(2):
            while not [one for one in progress_of(stream) if one >= len(heard) * each]:
                stream += ours.recv(1 << 20)
            ours.settimeout(1)
            with contextlib.suppress(TimeoutError):
                while True:
                    stream += ours.recv(1 << 20)
            ours.settimeout(None)
            heard.append(progress_of(stream)[-1])
            ours.send(b".")
        return stream

    asked = {"path": str(path), "name": "adk.trr", "size": path.stat().st_size}
    limits = request()["limits"]
    ended = start(
        {"protocol": 1, "task": "probe", "file": asked, "topology": None, "limits": limits, "leave_bytes": each},
        talk=talk,
    )
    longest_frame = 2 << 20
    assert heard[0] == 0
    assert each <= heard[1] < each + longest_frame
    assert ended.outcome[0]["facts"]["n_frames"] == 10


def progress_of(stream: bytes) -> list[int]:
    return [json.loads(body)["done"] for kind, body in _messages(stream) if kind == b"p"]


@pytest.mark.parametrize("second_filter", [b"", b"\0" * 7, b"\xff" * 8])
def test_without_a_second_filter_nothing_runs(start, second_filter: bytes) -> None:
    ended = start(request(), second_filter=second_filter)
    assert ended.messages == []
    assert ended.status == 1
    assert "second" in ended.log or "BPF" in ended.log


@pytest.mark.parametrize(
    "sent",
    [b"", b"{", json.dumps({"protocol": 2}).encode(), json.dumps(request(task="dance")).encode()],
)
def test_a_request_that_cannot_be_read_ends_without_an_outcome(start, sent: bytes) -> None:
    ended = start(sent)
    assert (ended.messages, ended.status) == ([], 1)
