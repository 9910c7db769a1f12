"""A server with five models, and pages of it opened in Chromium."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from sklearn.datasets import load_wine

from app.settings import Settings
from app.tables.columns import Columns
from tests.browser.serving import KEY, serve
from tests.browser.tables import make_customers, make_hostile_rows
from tests.support.configs import SIGNING_KEY
from tests.support.paths import TRAINING_CSV
from tests.support.tables import write_csv
from tests.support.training import train

DESKTOP = {
    "viewport": {"width": 1280, "height": 900},
    "reduced_motion": "reduce",  # nothing moves away while it is clicked
}


@pytest.fixture(scope="session")
def config(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Settings of a server: two classes (v0), three (v1), all types (v2), hostile names (v3).

    v4 is v0 with another strength of regularization.
    """
    root = tmp_path_factory.mktemp("browser")
    (root / "models").mkdir()
    config = Settings(
        models_root=str(root / "models"),
        logs_root=str(root / "logs"),
        model_signing_key=SIGNING_KEY,
    )
    train(TRAINING_CSV, "v0", yardstick=True, config=config)
    load_wine(as_frame=True).frame.to_csv(root / "wine.csv", index=False)
    train(str(root / "wine.csv"), "v1", config=config)
    write_csv(root / "customers.csv", make_customers())
    columns = Columns(target="churned", id="customer")
    train(str(root / "customers.csv"), "v2", columns=columns, config=config)
    write_csv(root / "hostile.csv", make_hostile_rows())
    columns = Columns(categorical=("many",), closed=("many",))
    train(str(root / "hostile.csv"), "v3", columns=columns, config=config)
    train(TRAINING_CSV, "v4", C=0.0005, config=config)
    return config


@pytest.fixture(scope="session")
def server(config: Settings) -> Iterator[str]:
    """The address of a server without API keys."""
    with serve(config) as address:
        yield address


@pytest.fixture(scope="session")
def guarded_server(config: Settings) -> Iterator[str]:
    """The address of a server that wants a key."""
    with serve(replace(config, api_keys=KEY)) as address:
        yield address


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Debian's Chromium."""
    # Not above: without a browser this import skips whatever imports it.
    from tests.browser.chromium import CHROMIUM, FLAGS, sync_api

    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def open_page(browser: Any, server: str) -> Iterator[Callable[..., Any]]:
    """A function that opens a path in a browser of its own, with options of its context.

    At the end no page may have said anything on its console, failed, opened a dialog, or asked
    another host; `refusals=True` allows for what a browser says of every status of 400.
    """
    contexts: list[Any] = []
    heard: list[str] = []

    def open_page(
        path: str, *, address: str = server, refusals: bool = False, **options: Any
    ) -> Any:
        def hear_console(message: Any) -> None:
            if not (refusals and "status of 400" in message.text):
                heard.append(message.text)

        def hear_dialog(dialog: Any) -> None:
            heard.append(dialog.message)
            dialog.dismiss()

        def hear_request(request: Any) -> None:
            if not request.url.startswith((address + "/", "data:")):
                heard.append(request.url)

        context = browser.new_context(**{**DESKTOP, **options})
        contexts.append(context)
        page = context.new_page()
        page.on("console", hear_console)
        page.on("pageerror", lambda error: heard.append(str(error)))
        page.on("dialog", hear_dialog)
        page.on("request", hear_request)
        page.goto(address + path, wait_until="networkidle")
        if path == "/docs":
            page.locator(".opblock-tag-section").first.wait_for()
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert heard == []
