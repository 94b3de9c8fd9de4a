"""A home site's word for who asks what is good for one site, one request, once, for a minute."""

from __future__ import annotations

import time

import pytest

from fomrepo.errors import IdentityError
from fomrepo.site import tickets
from fomrepo.site.certificates import KeyPair, new_authority, new_site_certificate
from fomrepo.site.tickets import TICKET_LIFETIME_S, TicketCheck, TicketPrinter
from fomrepo.wire.v1 import sites_pb2

REQUEST = b"what is asked"


@pytest.fixture(scope="module")
def pairs() -> dict[str, KeyPair]:
    authority = new_authority("tests")
    return {name: new_site_certificate(authority, name, ["localhost"]) for name in ("site-a", "site-b", "site-c")}


@pytest.fixture
def ticket(pairs: dict[str, KeyPair]) -> sites_pb2.Ticket:
    """Return a good ticket of site-a for site-b."""
    printer = TicketPrinter("site-a", pairs["site-a"].key)
    return printer.sign(serving="site-b", principal="someone", operation="op", request=REQUEST)


@pytest.fixture
def check() -> TicketCheck:
    return TicketCheck("site-b")


def test_a_good_ticket_is_accepted_once(
    check: TicketCheck, ticket: sites_pb2.Ticket, pairs: dict[str, KeyPair]
) -> None:
    check.accept(ticket, request=REQUEST, certificate=pairs["site-a"].certificate)
    with pytest.raises(IdentityError, match="second time"):
        check.accept(ticket, request=REQUEST, certificate=pairs["site-a"].certificate)


def test_another_site_cannot_send_it(check: TicketCheck, ticket: sites_pb2.Ticket, pairs: dict[str, KeyPair]) -> None:
    with pytest.raises(IdentityError, match="not its own name"):
        check.accept(ticket, request=REQUEST, certificate=pairs["site-c"].certificate)


def test_it_is_good_for_one_site(ticket: sites_pb2.Ticket, pairs: dict[str, KeyPair]) -> None:
    with pytest.raises(IdentityError, match="'site-b' was sent to site-c"):
        TicketCheck("site-c").accept(ticket, request=REQUEST, certificate=pairs["site-a"].certificate)


def test_it_is_good_for_one_request(check: TicketCheck, ticket: sites_pb2.Ticket, pairs: dict[str, KeyPair]) -> None:
    with pytest.raises(IdentityError, match="another request"):
        check.accept(ticket, request=REQUEST + b"!", certificate=pairs["site-a"].certificate)


@pytest.mark.parametrize(
    "change",
    [
        {"principal": "somebody else"},
        {"operation": "another"},
        {"expires": time.time() + 90},
        {"nonce": "fresh"},
        {"signature": b""},
        {"signature": b"\x30\x06\x02\x01\x01\x02\x01\x01"},
    ],
    ids=lambda change: next(iter(change)),
)
def test_nothing_in_it_can_be_changed(
    check: TicketCheck, ticket: sites_pb2.Ticket, pairs: dict[str, KeyPair], change: dict[str, object]
) -> None:
    for name, value in change.items():
        setattr(ticket, name, value)
    with pytest.raises(IdentityError, match="no valid signature"):
        check.accept(ticket, request=REQUEST, certificate=pairs["site-a"].certificate)


def test_the_key_of_another_site_signs_nothing(check: TicketCheck, pairs: dict[str, KeyPair]) -> None:
    forged = TicketPrinter("site-a", pairs["site-c"].key).sign(
        serving="site-b", principal="someone", operation="op", request=REQUEST
    )
    with pytest.raises(IdentityError, match="no valid signature"):
        check.accept(forged, request=REQUEST, certificate=pairs["site-a"].certificate)


@pytest.mark.parametrize("lifetime_s", [-1.0, 3600.0, float("nan"), float("inf")])
def test_it_lives_for_a_minute(
    check: TicketCheck, pairs: dict[str, KeyPair], lifetime_s: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tickets, "TICKET_LIFETIME_S", lifetime_s)
    signed = TicketPrinter("site-a", pairs["site-a"].key).sign(
        serving="site-b", principal="someone", operation="op", request=REQUEST
    )
    monkeypatch.setattr(tickets, "TICKET_LIFETIME_S", TICKET_LIFETIME_S)
    with pytest.raises(IdentityError, match="expired"):
        check.accept(signed, request=REQUEST, certificate=pairs["site-a"].certificate)
