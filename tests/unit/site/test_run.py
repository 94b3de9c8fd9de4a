"""What becomes of a vault's file that was touched."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

from fomrepo.site.run import refresh_or_spoil


def test_what_holds_a_file_that_was_touched_is_closed_though_it_is_what_it_was() -> None:
    done: list[Any] = []
    catalog = SimpleNamespace(
        get=lambda *_: SimpleNamespace(place=None), finish=lambda *given: done.append(("good", *given))
    )
    site = SimpleNamespace(
        name="site-a",
        catalog=SimpleNamespace(replicas=catalog),
        vault=SimpleNamespace(fingerprint=lambda _: "now", gives_back=lambda _: True),
        holders=SimpleNamespace(forget=lambda digest: done.append(("closed", digest))),
        ledger=SimpleNamespace(flush=lambda: None),
    )
    refresh_or_spoil(cast(Any, site), "digest")
    assert done == [("closed", "digest"), ("good", "site-a", "digest", "now")]
