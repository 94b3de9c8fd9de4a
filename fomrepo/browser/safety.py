"""What every answer and every change has to keep to, whichever page it is.

1. A browser runs nothing but scripts of our own from our own address: no inline script, no frame around us, nothing
   fetched from elsewhere.
2. A change comes from a page of ours: a request that changes something names our address as its origin, and carries
   the secret of its session.
3. Answers to somebody who logged in are kept by nobody.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from urllib.parse import parse_qsl, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from fomrepo.errors import ArgumentError, NotAllowedError

#: Largest form, in bytes: arguments of a method with a long selection.
FORM_LIMIT = 64 * 1024

POLICY = "; ".join((
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data:",
    "connect-src 'self'",
    "frame-src 'self'",
    "form-action 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
))  # fmt: skip

#: Of the viewer's frame. Mol* makes code out of text when it is loaded, so it gets a frame without an origin: no cookie
#: and no page around it that it could read, nothing that it could fetch from or send to but what it holds itself.
VIEWER_POLICY = "; ".join((
    "default-src 'none'",
    "script-src 'self' 'unsafe-eval'",
    "style-src 'self' 'unsafe-inline'",
    "img-src data: blob:",
    "worker-src blob:",
    "connect-src data:",
    "form-action 'none'",
    "base-uri 'none'",
    "frame-ancestors 'self'",
    "sandbox allow-scripts",
))  # fmt: skip

HEADERS: Mapping[str, str] = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=(), payment=()",
}


class SafeAnswers:
    """Adds the headers to every answer, also to those that tell of a fault."""

    def __init__(self, app: ASGIApp, *, secure: bool, cookie: str) -> None:
        self._app, self._secure, self._cookie = app, secure, cookie

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        personal = f"{self._cookie}=" in Headers(scope=scope).get("cookie", "")

        async def send_safely(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
                if self._secure:
                    headers.setdefault("strict-transport-security", "max-age=31536000")
                if personal and not scope["path"].startswith("/static/"):
                    headers["cache-control"] = "no-store"
                if scope["path"].startswith("/static/"):
                    headers["cross-origin-resource-policy"] = "cross-origin"  # the viewer's frame has no origin
                if scope["path"].startswith("/static/vendor/"):
                    headers.setdefault("cache-control", "public, max-age=31536000, immutable")  # its path has a version
                headers.setdefault("cache-control", "no-cache")
                headers.add_vary_header("cookie")
            await send(message)

        await self._app(scope, receive, send_safely)


async def read_form(request: Request) -> dict[str, str]:
    """Read a form that a page of ours sent.

    Raises
    ------
    NotAllowedError
        If another page may have sent it.
    ArgumentError
        If it is too large, or no form.
    """
    refuse_other_origins(request)
    if request.headers.get("content-type", "").partition(";")[0] != "application/x-www-form-urlencoded":
        raise ArgumentError("this is no form")
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > FORM_LIMIT:
            raise ArgumentError(f"a form has at most {FORM_LIMIT // 1024} KiB")
    try:
        return dict(parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=200, errors="strict"))
    except ValueError as error:
        raise ArgumentError(f"this is no form: {error}") from None


def refuse_other_origins(request: Request) -> None:
    """Refuse a change that a page of somebody else may have sent.

    Raises
    ------
    NotAllowedError
        If the browser says so, or does not say where it comes from.
    """
    origin = request.headers.get("origin", "")
    here = urlsplit(origin).netloc == request.headers.get("host") if origin else False
    if request.headers.get("sec-fetch-site", "same-origin") != "same-origin" or not here:
        raise NotAllowedError("this form was sent by another page", remedy="open the page here, and send it again")


def check_secret(form: Mapping[str, str], secret: str) -> None:
    """Refuse a form without the secret of its session.

    Raises
    ------
    NotAllowedError
        If it has none, or another one.
    """
    if not hmac.compare_digest(form.get("secret", "").encode(), secret.encode()):
        raise NotAllowedError("this form is of another session", remedy="open the page again, and send it again")
