"""Pages escape every name, load nothing from elsewhere, and are guarded by the API keys."""

import base64
import re
from dataclasses import replace

import pytest
from flask.testing import FlaskClient

from app.app import create_app
from app.settings import Settings
from app.web.assets import STATIC
from tests.support.pages import PATHS, POLICY, Page, get_page
from tests.support.tables import (
    HOSTILE_CATEGORIES,
    HOSTILE_CLASS,
    HOSTILE_NAMES,
)

REPORTS = ["/v0/report", "/v1/report", "/v3/report"]


@pytest.mark.parametrize("path", ["/v3", "/v3/report"])
def test_names_of_all_kinds_are_text(page_client: FlaskClient, path: str) -> None:
    """Columns, categories and classes never become markup nor template code."""
    page = get_page(page_client, path)
    for name in [*HOSTILE_NAMES, *HOSTILE_CATEGORIES, HOSTILE_CLASS]:
        assert name in page.text
    tags = [tag for tag, _ in page.elements]
    assert "img" not in tags
    assert "i" not in tags
    assert tags.count("script") == (2 if path == "/v3" else 0)


@pytest.mark.parametrize("path", PATHS)
def test_policy_of_pages(page_client: FlaskClient, path: str) -> None:
    """Nothing but files of this server runs or is shown."""
    headers = page_client.get(path).headers
    assert headers["Content-Security-Policy"] == POLICY
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Cache-Control"] == "no-cache"


@pytest.mark.parametrize("path", [*PATHS, *REPORTS])
def test_nothing_is_inline_that_the_policy_forbids(page_client: FlaskClient, path: str) -> None:
    """No style attribute, no event attribute, no script but data."""
    for tag, attributes in get_page(page_client, path).elements:
        assert not any(name == "style" or name.startswith("on") for name in attributes)
        if tag == "script":
            assert "src" in attributes or attributes["type"] == "application/json"


@pytest.mark.parametrize("path", PATHS)
def test_pages_load_nothing_from_elsewhere(page_client: FlaskClient, path: str) -> None:
    """Every address is a path of this server, and there is something at it."""
    page = get_page(page_client, path)
    addresses = {
        attributes[a] for _, attributes in page.elements for a in ("src", "href") if a in attributes
    }
    paths = {address for address in addresses if not address.startswith("#")}
    assert all(re.match("/(?!/)", address) for address in paths)
    for address in paths:
        assert page_client.get(address, buffered=True).status_code == 200


def test_files_are_kept_forever(page_client: FlaskClient) -> None:
    """Their address changes with what they hold, and another address is none."""
    (href,) = (h for h in get_page(page_client, "/").all("link", "href") if h.endswith("page.css"))
    response = page_client.get(href, buffered=True)
    assert response.headers["Cache-Control"] == "max-age=31536000, immutable"
    assert response.headers["Content-Security-Policy"] == POLICY
    same = {"If-None-Match": response.headers["ETag"]}
    assert page_client.get(href, headers=same, buffered=True).status_code == 304
    other = re.sub("/static/[0-9a-f]{12}/", "/static/0123456789ab/", href)
    assert page_client.get(other).status_code == 404


@pytest.mark.parametrize(
    "name", ["../pages.py", "%2e%2e/pages.py", "swagger-ui/../flask_swagger_ui.py", "", "no.css"]
)
def test_no_other_file_is_given_away(page_client: FlaskClient, name: str) -> None:
    """Only what is in the two directories."""
    (href,) = (h for h in get_page(page_client, "/").all("link", "href") if h.endswith("page.css"))
    assert page_client.get(href.replace("page.css", name)).status_code == 404


def test_files_may_change_while_developing(page_models: Settings) -> None:
    """In debug mode their address is made anew for every page."""
    app = create_app(page_models)
    app.debug = True
    page = get_page(app.test_client(), "/")
    assert page.all("link", "href") == get_page(app.test_client(), "/").all("link", "href")


@pytest.mark.parametrize("path", ["/", "/v0", "/v0/report", "/docs"])
def test_pages_are_guarded_by_the_api_keys(client_with_keys: FlaskClient, path: str) -> None:
    """A browser is asked for the key, and then sees everything."""
    response = client_with_keys.get(path)
    assert response.status_code == 401
    assert any(value.startswith("Basic ") for value in response.headers.getlist("WWW-Authenticate"))
    basic = base64.b64encode(b"anyone:first-key").decode()
    page = client_with_keys.get(path, headers={"Authorization": f"Basic {basic}"})
    assert page.status_code == 200
    assert "first-key" not in page.text


def test_calls_carry_the_key_where_one_is_needed(page_models: Settings) -> None:
    """From the environment: the page never shows it."""
    client = create_app(replace(page_models, api_keys="secret")).test_client()
    page = client.get("/v0", headers={"X-API-Key": "secret"})
    assert '-H "X-API-Key: $API_KEY"' in Page(page.text).text
    assert "secret" not in page.text


@pytest.mark.parametrize("path", ["/", "/v0", "/v1", "/v2", "/v3", "/v4", *REPORTS])
def test_no_page_weighs_more_than_300_kilobytes(page_client: FlaskClient, path: str) -> None:
    """With all that it loads, uncompressed; forty classes and all modules of its script."""
    page = page_client.get(path)
    files = [file for file in STATIC.iterdir() if not file.name.startswith("docs.")]
    is_report = path.endswith("/report")
    loaded = 0 if is_report else sum(file.stat().st_size for file in files)
    assert len(page.data) + loaded <= 300_000
