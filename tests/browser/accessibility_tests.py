"""Everybody can see, hear and reach the pages: axe-core, phones and no JavaScript."""

import pytest

from tests.browser.chromium import Open, sync_api, violations

PAGES = ["/", "/v0", "/v1", "/v2", "/v3", "/v0/report", "/v1/report", "/docs"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", PAGES)
def test_axe_finds_nothing(open_page: Open, path: str, scheme: str) -> None:
    """No violation of axe-core's rules, in both themes."""
    assert violations(open_page(path, color_scheme=scheme)) == []


@pytest.mark.parametrize("path", PAGES)
def test_no_page_scrolls_sideways_on_a_phone(open_page: Open, path: str) -> None:
    """At 360 pixels."""
    page = open_page(path, viewport={"width": 360, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") == 360


def test_without_javascript(open_page: Open) -> None:
    """What the model learned, and the call to take away; no form that does nothing."""
    page = open_page("/v0", java_script_enabled=False)
    sync_api.expect(page.locator("#snippet")).to_contain_text("curl -s http://127.0.0.1")
    sync_api.expect(page.locator(".try form")).to_be_hidden()
    sync_api.expect(page.locator("#threshold")).to_be_hidden()
    sync_api.expect(page.locator("#command")).to_be_hidden()
    assert page.locator("svg[role=img]").count() == 5
