"""Where a call runs whose files lie at several sites, and what is said if it cannot run anywhere."""

from __future__ import annotations

import random
from types import SimpleNamespace
from typing import Any

import pytest

from fomrepo.errors import NoReplicaError
from fomrepo.model.files import FileObject, RecordState, RecordVersion, Replica, ReplicaState, StatFingerprint
from fomrepo.model.placement import FETCH_LIMIT_BYTES, SiteLoad
from fomrepo.model.results import Kept, ResolvedCall, ResolvedInput
from fomrepo.site.choose import able_sites, choose_site
from fomrepo.site.question import Resolution

MIB = 2**20
SITE: Any = SimpleNamespace(name="site-a", environments=SimpleNamespace(digest_of=lambda bundle: "env"))
QUESTION: Any = SimpleNamespace(bundle=None, schema=SimpleNamespace(name="sum", environment="mdanalysis"))


def known(sizes: dict[str, int], held: dict[str, list[str]]) -> Resolution:
    """What a call on files of these sizes means, whose replicas lie at these sites."""
    inputs = []
    for number, (digest, size) in enumerate(sizes.items(), 1):
        version = RecordVersion("", "", f"FOM-{number}", 1, True, RecordState.PUBLISHED, "", "", "", "", 0.0)
        inputs.append(ResolvedInput(version, FileObject("", f"{digest}.csv", "CSV", digest, size), None))
    fingerprint = StatFingerprint(0, 0, 0, 0, 0)
    replicas = [Replica(site, one, ReplicaState.GOOD, 1, fingerprint) for site, all_ in held.items() for one in all_]
    kept = Kept((), opened=False, answered=False)
    return Resolution(ResolvedCall(tuple(inputs), None), "key", kept, tuple(replicas), 0.0, 0)


def loads(*down: str) -> dict[str, SiteLoad]:
    names = ("site-a", "site-b", "site-c")
    return {
        name: SiteLoad(name, running=0, waiting=0, slots=2, age_s=0.0, silent_s=99.0 if name in down else 0.0,
                       environments=frozenset({"env"}))
        for name in names
    }  # fmt: skip


def chosen(what: Resolution, *down: str, detours: dict[str, str] | None = None) -> str:
    return choose_site(SITE, loads(*down), QUESTION, what, detours or {}, draw=random.Random(1))


def test_the_site_that_has_to_fetch_least_is_chosen() -> None:
    what = known({"large": 100 * MIB, "small": MIB}, {"site-b": ["large"], "site-c": ["small"]})
    assert chosen(what) == "site-b"
    assert [one.load.site for one in able_sites(what, loads(), here="site-a", environment="env")] == ["site-b"]


def test_if_it_is_down_another_one_fetches_more() -> None:
    what = known({"large": 100 * MIB, "small": MIB}, {"site-b": ["large"], "site-c": ["small"], "site-a": ["large"]})
    assert chosen(what, "site-b") == "site-a"
    assert chosen(what, detours={"site-a": "it broke", "site-b": "it broke"}) == "site-c"


def test_a_site_with_all_files_is_never_passed_over() -> None:
    what = known({"large": MIB, "small": MIB}, {"site-a": ["large"], "site-c": ["large", "small"]})
    assert chosen(what) == "site-c"
    with pytest.raises(NoReplicaError, match="site-c is down or runs no methods"):
        chosen(what, "site-c")


def test_what_is_too_large_to_fetch_is_told_with_the_commands_that_help() -> None:
    size = FETCH_LIMIT_BYTES + MIB
    what = known({"one": size, "other": size}, {"site-a": ["one"], "site-b": ["other"]})
    with pytest.raises(NoReplicaError) as caught:
        chosen(what)
    assert "site-a lacks 257 MiB of its files, and 256 MiB would be fetched" in caught.value.message
    assert caught.value.remedy == (
        "copy all of it to one site: fomrepo replicate FOM-1 --to SITE; fomrepo replicate FOM-2 --to SITE"
    )


def test_the_limit_itself_is_fetched() -> None:
    what = known({"one": FETCH_LIMIT_BYTES, "other": FETCH_LIMIT_BYTES + 1}, {"site-a": ["one"], "site-b": ["other"]})
    assert chosen(what) == "site-b"
