"""A real browser, offline: a page that asks for anything outside this machine fails its test."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

HERE = {"127.0.0.1", "localhost"}
INSIDE = {"file", "data", "blob", "about"}


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """Headless Chromium, the system's own."""
    api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if program is None:
        pytest.skip("no Chromium on this machine")
    with api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program)
        yield browser
        browser.close()


@pytest.fixture
def open_page(chromium: Browser, tmp_path: Path) -> Iterator[Callable[..., Page]]:
    """Open an address, with the options of a browser context; requests to outside and script errors fail the test."""
    contexts: list[BrowserContext] = []
    outside: list[str] = []
    errors: list[str] = []

    def open_at(address: str | Path, **options: Any) -> Page:
        context = chromium.new_context(accept_downloads=True, **options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(15_000)
        page.on("pageerror", lambda error: errors.append(str(error)))
        context.on("request", lambda request: None if is_inside(request.url) else outside.append(request.url))
        page.goto(address.as_uri() if isinstance(address, Path) else address)
        return page

    yield open_at
    for context in contexts:
        context.close()
    assert outside == []
    assert errors == []


def is_inside(address: str) -> bool:
    parts = urlsplit(address)
    return parts.scheme in INSIDE or parts.hostname in HERE
