"""Headless Chromium for the tests that drive our pages, and what it must not do there."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from playwright.sync_api import ConsoleMessage, Page, sync_playwright

# Without these a closed network is met with many connection attempts to the browser's own vendor.
QUIET = [
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-quic",
]
IN_A_CONTAINER = ["--no-sandbox", "--disable-gpu"]


@dataclass
class Conduct:
    """What a page did besides its work: complaints in its console, requests to anybody but its own server."""

    complaints: list[str] = field(default_factory=list)
    foreign_requests: list[str] = field(default_factory=list)


@contextmanager
def open_page(url: str) -> Iterator[tuple[Page, Conduct]]:
    """The page at `url` in a browser of its own with empty storage, closed on leaving."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable(), args=QUIET + IN_A_CONTAINER)
        try:
            page = browser.new_page(viewport={"width": 1400, "height": 850}, color_scheme="light")
            conduct = observe(page, urlsplit(url).netloc)
            page.goto(url)
            yield page, conduct
        finally:
            browser.close()


def executable() -> str:
    """The Chromium that is installed here."""
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    if found is None:
        raise RuntimeError("Chromium is not on the path: install the package chromium, or run make test as root.")
    return found


def observe(page: Page, host: str) -> Conduct:
    """The conduct of `page`, recorded from now on; `host` with its port is the only one that it may speak to."""
    conduct = Conduct()

    def heard(message: ConsoleMessage) -> None:
        # An answer of 400 and above from the page's own address is GraphQL's; Chromium reports it as an error.
        answered = message.text.startswith("Failed to load resource") and message.location["url"] == page.url
        if message.type in {"error", "warning"} and not answered:
            conduct.complaints.append(f"{message.type}: {message.text}")

    def requested(url: str) -> None:
        address = urlsplit(url)
        if address.scheme not in {"data", "blob"} and address.netloc != host:
            conduct.foreign_requests.append(url)

    page.on("console", heard)
    page.on("pageerror", lambda error: conduct.complaints.append(f"uncaught: {error}"))
    page.context.on("request", lambda request: requested(request.url))
    page.on("websocket", lambda socket: requested(socket.url))
    return conduct
