"""How providers are asked: a document of JSON from the address that was given, or a failure that says why."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from fomrepo.errors import NetworkError
from fomrepo.model.identities import Provider
from fomrepo.wire.providers import ANSWER_LIMIT, read_document, send_form

ANSWERS = {
    "/right": (200, b'{"a": 1}'),
    "/refused": (400, b'{"error": "slow_down"}'),
    "/list": (200, b"[]"),
    "/text": (200, b"<html>"),
    "/deep": (200, b'{"a":' * 100_000),
    "/large": (200, b'{"a": "' + b"x" * ANSWER_LIMIT + b'"}'),
    "/led-away": (302, b'{"a": 1}'),
}


class Answers(BaseHTTPRequestHandler):
    """Answers from the table."""

    asked: list[tuple[str, bytes]]

    def do_GET(self) -> None:
        self.asked.append((self.path, self.rfile.read(int(self.headers.get("Content-Length", 0)))))
        status, body = ANSWERS[self.path]
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        if status == 302:
            self.send_header("Location", "/right")
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self) -> None:
        self.do_GET()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def provider() -> Iterator[Provider]:
    Answers.asked = []
    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield Provider("p", "P", f"http://127.0.0.1:{server.server_port}", "c", loopback_http=True)
        server.shutdown()
        thread.join()


def test_documents_are_read_and_forms_sent(provider: Provider) -> None:
    assert read_document(provider, f"{provider.issuer}/right") == {"a": 1}
    assert send_form(provider, f"{provider.issuer}/refused", {"b": "c d"}) == (400, {"error": "slow_down"})
    assert Answers.asked == [("/right", b""), ("/refused", b"b=c+d")]


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("/refused", "answers 400"),
        ("/list", "without a JSON object"),
        ("/text", "without a JSON object"),
        ("/deep", "without a JSON object"),
        ("/large", "without a JSON object of at most 256 KiB"),
        ("/led-away", "answers 302"),
    ],
)
def test_nothing_else_is_an_answer(provider: Provider, path: str, said: str) -> None:
    with pytest.raises(NetworkError, match=said):
        read_document(provider, provider.issuer + path)
    assert [address for address, _ in Answers.asked] == [path]


@pytest.mark.parametrize(
    "address", ["http://example.org/", "file:///etc/passwd", "ftp://127.0.0.1/", "https://a b/", ""]
)
def test_other_addresses_are_not_asked(provider: Provider, address: str) -> None:
    with pytest.raises(NetworkError, match="is no HTTPS address"):
        read_document(provider, address)


def test_this_machine_is_asked_without_tls_where_that_was_allowed_alone(provider: Provider) -> None:
    with pytest.raises(NetworkError, match="is no HTTPS address"):
        read_document(replace(provider, loopback_http=False), f"{provider.issuer}/right")
    assert Answers.asked == []


def test_who_does_not_answer_is_named() -> None:
    with pytest.raises(NetworkError, match=r"http://127\.0\.0\.1:1/ does not answer: .*refused"):
        read_document(Provider("p", "P", "x", "c", loopback_http=True), "http://127.0.0.1:1/")
