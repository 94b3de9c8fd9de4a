"""Calls on files that lie at different sites: the smaller one travels, once."""

from __future__ import annotations

import secrets
from pathlib import Path

import numpy as np
import pytest

from fomrepo.client.record import Record
from fomrepo.errors import NotFoundError
from fomrepo.testing import LocalFederation
from tests.federation.records import object_path

N_ROWS = 2_000


@pytest.fixture(scope="module")
def numbers(tmp_path_factory: pytest.TempPathFactory) -> tuple[np.ndarray, np.ndarray]:
    """Return two columns of numbers that nobody has deposited before."""
    random = np.random.default_rng(secrets.randbits(64))
    return random.normal(size=N_ROWS), random.normal(size=N_ROWS)


@pytest.fixture(scope="module")
def records(
    federation: LocalFederation, numbers: tuple[np.ndarray, np.ndarray], tmp_path_factory: pytest.TempPathFactory
) -> tuple[Record, Record]:
    """Return a table at site-a, and a smaller one at site-b, of one owner."""
    folder, owner = tmp_path_factory.mktemp("tables"), f"user-{secrets.token_hex(4)}"
    large, small = folder / "large.csv", folder / "small.csv"
    rows = "".join(f"{value!r},{'filling' * 5}\n" for value in numbers[0].tolist())
    large.write_text(f"energy (kJ/mol),label\n{rows}")
    small.write_text("energy (kJ/mol)\n" + "".join(f"{value!r}\n" for value in numbers[1].tolist()))
    with federation.connect(owner, site="site-a") as at_a, federation.connect(owner, site="site-b") as at_b:
        return at_a.deposit(large, title="Large"), at_b.deposit(small, title="Small")


def files_at(federation: LocalFederation, site: str, *records: Record) -> list[str]:
    """Names of the records' files whose bytes lie at a site."""
    return [file.name for record in records for file in record if object_path(federation, site, file.sha256).exists()]


def test_the_smaller_of_two_files_travels_to_the_other(
    federation: LocalFederation, records: tuple[Record, Record], numbers: tuple[np.ndarray, np.ndarray]
) -> None:
    large, small = records
    owner = large.owner
    for asked in ("site-b", "site-c", "site-a"):
        with federation.connect(owner, site=asked) as repo:
            one, other = repo[large.accession]["large.csv"], repo[small.accession]["small.csv"]
            answer = one.sum(other, column="energy")
            assert answer.site == "site-a"
            np.testing.assert_array_equal(answer.sum, numbers[0] + numbers[1])
            assert answer.column_unit == "kJ/mol"
            assert other.sum(one, column="energy").site == "site-a"
    assert files_at(federation, "site-a", *records) == ["large.csv", "small.csv"]
    assert files_at(federation, "site-b", *records) == ["small.csv"]
    assert files_at(federation, "site-c", *records) == []


def test_what_travelled_is_in_no_list(federation: LocalFederation, records: tuple[Record, Record]) -> None:
    large, small = records
    with federation.connect(large.owner, site="site-c") as repo:
        repo[small.accession]["small.csv"].sum(repo[large.accession]["large.csv"], column="energy")
        assert {(one.file, one.site) for one in repo.replicas(small.accession)} == {("small.csv", "site-b")}


def test_who_may_see_one_of_them_only_moves_nothing(federation: LocalFederation, stranger: str, tmp_path: Path) -> None:
    mine, theirs = tmp_path / "mine.csv", tmp_path / "theirs.csv"
    for path in (mine, theirs):
        path.write_text(f"n,x\n0,{secrets.randbits(40)}\n1,{secrets.randbits(40)}\n")
    with federation.connect(f"user-{secrets.token_hex(4)}", site="site-a") as somebody:
        hidden = somebody.deposit(theirs, title="Hidden")
        shown = next(iter(hidden))
    with federation.connect(stranger, site="site-b") as repo:
        record = repo.deposit(mine, title="Mine")
        with pytest.raises(NotFoundError):
            record["mine.csv"].sum(shown, column="x")
    assert files_at(federation, "site-b", hidden) == []
