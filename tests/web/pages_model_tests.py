"""A model's page: its facts, its form and its call."""

import base64
import hashlib
import json
import re
import shlex

import pytest
from flask.testing import FlaskClient

from tests.support.pages import ACCEPT_JSON, Page, get_page


def test_headline_tells_what_when_on_what_and_how_good(page_client: FlaskClient) -> None:
    """Every fact of the metadata that somebody would ask for first."""
    metadata = page_client.get("/v0/metadata").get_json()
    words = get_page(page_client, "/v0").words
    assert "Model v0 The probability that target is 1 Trained " in words
    assert "7,500 rows of training.csv and evaluated on 2,500 held-out rows" in words
    for key, label in {"roc_auc": "ROC AUC", "brier_score": "Brier score"}.items():
        value, baseline = metadata["metrics"][key], metadata["baseline_metrics"][key]
        assert f"{label} {value:.3f} baseline {baseline:.3f}" in words
    assert metadata["training_data"]["sha256"] in words
    assert metadata["sha256"][:12] in words


@pytest.mark.parametrize("version", ["v0", "v1", "v2", "v3", "v4"])
def test_curl_on_the_page_sends_the_typical_row(page_client: FlaskClient, version: str) -> None:
    """As a shell would take it apart, and the API answers what the page says."""
    facts = page_client.get(f"/{version}", headers=ACCEPT_JSON).get_json()
    page = Page(page_client.get(f"/{version}/report").text)
    command = page.text[page.text.index("curl -s ") :].partition("Compare")[0]
    words = shlex.split(command.replace("\\\n", ""))
    url, body = words[2], words[words.index("-d") + 1]
    assert url == f"http://localhost/{version}/predict"
    assert json.loads(body) == facts["example"]["row"]
    answer = page_client.post(
        f"/{version}/predict", data=body, content_type="application/json"
    ).get_json()
    assert answer["prediction"] == facts["example"]["prediction"]


def test_form_has_a_labelled_field_for_every_key(page_client: FlaskClient) -> None:
    """With a typical value each; what may be missing can be."""
    page = get_page(page_client, "/v2")
    fields = {field["data-name"]: field for _, field in page.elements if "data-name" in field}
    assert list(fields) == ["age", "plan", "auto_renewal", "id"]
    assert {field["id"] for field in fields.values()} <= set(page.all("label", "for"))
    assert fields["age"]["placeholder"] == "missing"
    assert "null" in page.all("option", "value")


def test_whole_numbers_are_whole_in_the_form(page_client: FlaskClient) -> None:
    """Typical values and what the slider writes."""
    page = get_page(page_client, "/v2")
    (age,) = (field for _, field in page.elements if field.get("data-name") == "age")
    assert "data-whole" in age
    assert age["value"].isdecimal()


def test_how_good_it_is_comes_first_and_the_form_is_one_click_away(
    page_client: FlaskClient,
) -> None:
    """Each section has a link at the top."""
    page = get_page(page_client, "/v2")
    sections = page.all("section", "id")
    assert sections == ["quality", "line", "learned", "try", "features", "compare"]
    links = [href[1:] for href in page.all("a", "href") if href.startswith("#")]
    assert links == ["main", *sections]


def test_the_facts_of_training_are_named_so_that_they_can_be_told_apart(
    page_client: FlaskClient,
) -> None:
    """Even where the column to predict is called target."""
    text = page_client.get("/v0").text
    facts = dict(re.findall(r"<dt>(.*?)</dt><dd><bdi>(.*?)</bdi>", text))
    assert facts["predicted column"] == "target"
    assert facts["column of ids"] == "id"


def test_a_long_list_of_categories_is_not_in_the_form(page_client: FlaskClient) -> None:
    """The script fetches it from the schema when it is wanted."""
    page = get_page(page_client, "/v3")
    (partial,) = (own for _, own in page.elements if "data-partial" in own)
    assert partial["data-name"] == "many"


def test_latest_is_a_page_too(page_client: FlaskClient) -> None:
    """It names the version behind it, and its calls stay with latest."""
    page = get_page(page_client, "/latest")
    assert "Model v4 latest" in page.words
    assert "curl -s http://localhost/latest/predict" in page.words


@pytest.mark.parametrize(
    ("path", "status", "message"),
    [
        ("/v43287", 404, "Trained model version 'v43287' was not found."),
        ("/v43287/report", 404, "Trained model version 'v43287' was not found."),
        ("/v5", 503, "Trained model version 'v5' is unavailable."),
        ("/v00", 404, "Not found."),
        ("/v0/", 404, "Not found."),
        ("/nowhere", 404, "Not found."),
        ("/static/0/page.css", 404, "Not found."),
    ],
)
def test_what_is_not_there(page_client: FlaskClient, path: str, status: int, message: str) -> None:
    """Errors are the API's."""
    response = page_client.get(path)
    assert (response.status_code, response.json) == (status, {"message": message})


REPORTS = ["/v0/report", "/v1/report", "/v3/report"]


@pytest.mark.parametrize("path", REPORTS)
def test_report_needs_no_other_file(page_client: FlaskClient, path: str) -> None:
    """Its style is inside, allowed by its hash; it has no script."""
    response = page_client.get(path)
    page = Page(response.text)
    addresses = {own[a] for _, own in page.elements for a in ("src", "href") if a in own}
    assert addresses == {"data:,"}
    style = response.text.partition("<style>")[2].partition("</style>")[0]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = response.headers["Content-Security-Policy"]
    assert f"style-src 'sha256-{digest}';" in policy
    assert "script-src 'none'" in policy
    assert "unsafe" not in policy
    name = f"model-{path.split('/')[1]}-report.html"
    assert response.headers["Content-Disposition"] == f'inline; filename="{name}"'


def test_report_has_the_pages_facts(page_client: FlaskClient) -> None:
    """Headline, plots, coefficients, features and the call."""
    page = get_page(page_client, "/v0/report")
    for title in ("How good it is", "What it learned", "Features", "Call it"):
        assert title in page.words
    assert "ROC AUC 0.988" in page.words
