"""Whose fault it is that a child of a holder ended."""

from __future__ import annotations

import io
import threading
from collections import Counter
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from fomrepo.errors import MethodError
from fomrepo.model.methods import MethodLimits
from fomrepo.site import execute as execute_module
from fomrepo.site.execute import execute


@pytest.mark.parametrize("in_parts", [True, False])
@pytest.mark.parametrize(
    ("alive", "way", "outcome"), [(True, "hot", b"half an answer"), (False, "cold", b"a whole answer")]
)
def test_who_ends_with_the_holder_runs_again_cold(
    monkeypatch: pytest.MonkeyPatch, in_parts: bool, alive: bool, way: str, outcome: bytes
) -> None:
    def crash(_site: object, _run: object, _holder: object, body: io.BytesIO) -> Any:
        body.write(b"half an answer")
        if in_parts:
            raise MethodError("a part ended without an answer")
        return SimpleNamespace(ended="crashed", wall_s=0.1)

    def answer(_order: object, *, outcome: io.BytesIO, **_: object) -> Any:
        outcome.write(b"a whole answer")
        return SimpleNamespace(ended="outcome", wall_s=0.1)

    monkeypatch.setattr(execute_module, "_run_hot", crash)
    site = SimpleNamespace(
        registry=SimpleNamespace(vouch=print, verify_again=print, folder_of=lambda _: Path("/nowhere")),
        environments=SimpleNamespace(of=lambda _: None),
        holders=SimpleNamespace(holding=lambda *_: nullcontext(SimpleNamespace(alive=alive))),
        copies=None,
        need_warden=lambda: SimpleNamespace(run=answer),
        ways=Counter(),
    )
    schema = SimpleNamespace(name="rmsd", limits=MethodLimits(memory_mib=64, wall_s=1.0, result_mib=1))
    run = SimpleNamespace(
        bundle=SimpleNamespace(schema=schema),
        call=None,
        draft=False,
        cancelled=threading.Event(),
        on_progress=print,
        request=lambda *_, **__: (b"{}", ()),
    )
    body = io.BytesIO()
    with pytest.raises(MethodError) if in_parts and alive else nullcontext():
        assert execute(cast(Any, site), cast(Any, run), body)[1] == way
    assert body.getvalue() == outcome
