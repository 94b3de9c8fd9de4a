"""The pages as ``fomrepo browse`` serves them, and Debian's chromium to look at them."""

from __future__ import annotations

import shutil
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from playwright.sync_api import Browser, sync_playwright
from starlette.applications import Starlette

from fomrepo.browser.application import browser_application
from fomrepo.client.profile import Profile
from tests.components import missing

#: WebGL in software, as machines without a graphics card have it; tests may run as root.
FLAGS = ("--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--disable-dev-shm-usage")


@contextmanager
def served(visitor: Profile) -> Iterator[tuple[str, Starlette]]:
    """Serve the pages; gives their address and the application."""
    listener = socket.create_server(("127.0.0.1", 0))
    address = f"http://127.0.0.1:{listener.getsockname()[1]}"
    app = browser_application(visitor, url=address)
    app.state.library.shelf.look()
    server = uvicorn.Server(uvicorn.Config(app, log_level="error"))
    thread = threading.Thread(target=server.run, args=([listener],))
    thread.start()
    while not server.started and thread.is_alive():
        time.sleep(0.02)
    try:
        yield address, app
    finally:
        server.should_exit = True
        thread.join()
        listener.close()


@contextmanager
def debian_chromium() -> Iterator[Browser]:
    """Start Debian's chromium."""
    path = shutil.which("chromium")
    if path is None:
        missing("chromium is not installed", "script/bootstrap --test")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        yield browser
        browser.close()
