"""Chromium and what the tests ask of it; importing this skips a test file where it is missing."""

import contextlib
import os
import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest

CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"
sync_api = pytest.importorskip("playwright.sync_api", reason="make test-browser installs it")
axe = pytest.importorskip("axe_playwright_python.sync_playwright")
if not os.path.exists(CHROMIUM):
    pytest.skip("apt-get install chromium", allow_module_level=True)

FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

Open = Callable[..., Any]


@contextlib.contextmanager
def opened(browser: Any, url: str) -> Iterator[Any]:
    """Open a page, on which nothing may fail until the context ends."""
    context = browser.new_context(reduced_motion="reduce")
    page = context.new_page()
    errors: list[str] = []
    page.on("console", lambda message: errors.append(message.text))
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(url)
    yield page
    context.close()
    assert errors == []


def predict(page: Any, version: str, row: dict[str, Any], query: str = "") -> Any:
    """Return what the API answers, asked beside the page."""
    address = page.url.split("/v")[0]
    return page.request.post(f"{address}/{version}/predict{query}", data=row).json()


def shown_probability(page: Any, probability: float) -> None:
    """Wait until the page shows a probability."""
    sync_api.expect(page.locator("#probability")).to_have_text(f"{probability:g}")


def violations(page: Any) -> list[tuple[str, str]]:
    """Return what axe-core finds wrong with a page, and where."""
    return [
        (violation["id"], node["html"])
        for violation in axe.Axe().run(page).response["violations"]
        for node in violation["nodes"]
    ]
