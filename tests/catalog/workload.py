"""What one process does to a catalog while others do the same: ``python -m tests.catalog.workload NAME URL``.

Each workload waits for the line that its parent sends to all of them at once, and prints what happened as JSON.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from fomrepo.catalog import Catalog, open_catalog, upgrade_catalog
from fomrepo.model.files import ReplicaState
from tests.catalog.examples import ADK, FINGERPRINT, draft, named, probed, result

THREADS = 3
DIGEST = ADK[0].digest


def upgrade(url: str) -> list[str]:
    """Create the catalog."""
    upgrade_catalog(url)
    return []


def open_operations(catalog: Catalog) -> list[str]:
    """Open the same operations as everybody; list those that were new here."""
    ada = catalog.people.principal("ada")
    assert ada is not None
    opened = [
        (f"key-{n}", catalog.operations.open(ada.id, key=f"key-{n}", request_digest="r", method="m", home="site-a")[1])
        for n in range(30)
    ]
    return [key for key, new in opened if new]


def accept_one(catalog: Catalog) -> list[str]:
    """Accept the only deposit, as everybody does."""
    (deposit,) = catalog.deposits.unfinished("site-a") or (None,)
    if deposit is None:  # somebody was faster
        return []
    return [catalog.deposits.accept(deposit.id, ADK).version_id]


def deposit_records(catalog: Catalog) -> list[str]:
    """Deposit new versions of one record that everybody has, and records of one's own; list their accessions."""
    ada = catalog.people.principal("ada")
    assert ada is not None
    made = []
    for n in range(5):
        own = draft(catalog, ada, name=f"own-{os.getpid()}-{n}-{os.urandom(4).hex()}")
        made.append(catalog.deposits.accept(probed(catalog, own), ADK).accession)
        page, _ = catalog.records.page(ada.id, limit=100)
        shared = next(version for version in page if version.name == "shared")
        newer = draft(catalog, ada, new_version_of=named(shared))
        version = catalog.deposits.accept(probed(catalog, newer), ADK)
        made.append(f"{version.accession}.v{version.number}")
    return made


def commit_and_spoil(catalog: Catalog) -> list[str]:
    """Commit results under the generation that was read before, while others spoil the replica; list what was kept."""
    committed = []
    for n in range(25):
        replica = catalog.replicas.get("site-a", DIGEST)
        assert replica is not None
        key = f"{os.urandom(8).hex()}@{replica.generation}"
        if n % 5 == 4:
            catalog.replicas.spoil("site-a", DIGEST, ReplicaState.STALE)
            catalog.replicas.finish("site-a", DIGEST, FINGERPRINT)
        if catalog.calls.commit_result(result(key), replicas=[(DIGEST, replica.generation)], versions=[], current=[]):
            committed.append(key)
    return committed


WORKLOADS: dict[str, Callable[[Catalog], list[str]]] = {
    "open_operations": open_operations,
    "accept_one": accept_one,
    "deposit_records": deposit_records,
    "commit_and_spoil": commit_and_spoil,
}


def main() -> None:
    """Run the workload in several threads of this process."""
    name, url = sys.argv[1:]
    print("ready", flush=True)
    sys.stdin.readline()
    if name == "upgrade":
        print(json.dumps(upgrade(url)))
        return
    with open_catalog(url) as catalog, ThreadPoolExecutor(THREADS) as threads:
        done = [threads.submit(WORKLOADS[name], catalog) for _ in range(THREADS)]
        print(json.dumps([line for one in done for line in one.result()]))


if __name__ == "__main__":
    main()
