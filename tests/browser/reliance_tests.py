"""A model that is not linear: what its features do, in both themes and on a phone."""

from collections.abc import Iterator

import pytest

from app.settings import Settings
from tests.browser.chromium import Open, violations
from tests.browser.serving import serve


@pytest.fixture(scope="module")
def boosted_server(boosted_models: Settings) -> Iterator[str]:
    """The address of a server of gradient boosting."""
    with serve(boosted_models) as address:
        yield address


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", ["/v0", "/v2", "/v3", "/v2/report"])
def test_axe_finds_nothing(open_page: Open, boosted_server: str, path: str, scheme: str) -> None:
    """With curves, lists of levels and bars."""
    page = open_page(path, address=boosted_server, color_scheme=scheme)
    assert page.get_by_text("What its most important features do").count() == 1
    assert violations(page) == []


@pytest.mark.parametrize("path", ["/v0", "/v2", "/v3"])
def test_nothing_scrolls_sideways_on_a_phone(
    open_page: Open, boosted_server: str, path: str
) -> None:
    """At 360 pixels."""
    page = open_page(path, address=boosted_server, viewport={"width": 360, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") == 360


@pytest.mark.parametrize("path", ["/v0", "/v2", "/v3"])
def test_a_page_stays_light(open_page: Open, boosted_server: str, path: str) -> None:
    """However many curves there are."""
    assert len(open_page(path, address=boosted_server).content()) < 150_000
