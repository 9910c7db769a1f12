"""The pages' facts as JSON, for those who prefer it."""

import pytest
from flask.testing import FlaskClient

from tests.support.pages import ACCEPT_JSON


@pytest.mark.parametrize(
    ("accept", "media_type"),
    [
        ("application/json", "application/json"),
        ("application/json, text/plain, */*", "application/json"),
        ("application/json;q=0.9, text/html;q=0.1", "application/json"),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "text/html"),
        ("text/html, application/json;q=0.9", "text/html"),
        ("*/*", "text/html"),
        ("image/png", "text/html"),
        ("", "text/html"),
    ],
)
@pytest.mark.parametrize("path", ["/", "/v0"])
def test_negotiation(page_client: FlaskClient, path: str, accept: str, media_type: str) -> None:
    """JSON only to whom prefers it."""
    response = page_client.get(path, headers={"Accept": accept})
    assert (response.status_code, response.mimetype) == (200, media_type)
    assert response.headers["Vary"] == "Accept"


def test_index_as_json(page_client: FlaskClient) -> None:
    """The same facts."""
    facts = page_client.get("/", headers=ACCEPT_JSON).get_json()
    assert facts["latest"] == "v4"
    by_version = {version["version"]: version for version in facts["versions"]}
    assert list(by_version) == ["v5", "v4", "v3", "v2", "v1", "v0"]
    metadata = page_client.get("/v0/metadata").get_json()
    assert by_version["v0"]["metrics"] == metadata["metrics"]
    assert by_version["v0"]["training_data"]["rows"] == 10_000
    assert by_version["v5"] == {
        "version": "v5",
        "latest": False,
        "state": "unavailable",
        "note": "The file is damaged, or it is not signed with a key of this server.",
    }


def test_model_as_json(page_client: FlaskClient) -> None:
    """The metadata, and what the page draws."""
    facts = page_client.get("/v0", headers=ACCEPT_JSON).get_json()
    metadata = page_client.get("/v0/metadata").get_json()
    assert facts.keys() - metadata.keys() == {"curves", "effects", "example"}
    assert {key: facts[key] for key in metadata} == metadata
