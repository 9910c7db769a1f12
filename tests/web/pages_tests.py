"""The pages: their facts, how they escape, and what their headers let a browser do."""

import base64
import csv
import doctest
import hashlib
import json
import random
import re
import shlex
import shutil
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import joblib
import pytest
from flask.testing import FlaskClient
from sklearn.datasets import load_wine
from sklearn.tree import DecisionTreeClassifier

from app.app import create_app
from app.models.train_model import train
from app.settings import Settings
from app.training.dataset import Columns
from app.web.report import typeset
from tests.support.configs import SIGNING_KEY
from tests.support.paths import TRAINING_CSV

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:;"
    " connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
JSON = {"Accept": "application/json"}
HOSTILE_NAMES = [
    "<script>alert(1)</script>",
    "a\"b'c",
    "عمر العميل",
    "🍏",
    "line\nbreak",
    "x" * 200,
    "__proto__",
    "{{ 7*7 }}",
    "--><b>",
]
HOSTILE_CATEGORIES = ["</script><script>alert(2)</script>", "שלום", " ", "a'b", '"><i>']
HOSTILE_CLASS = "<img src=x onerror=alert(3)>"


class Page(HTMLParser):
    """A parsed page: its elements with their attributes, and its text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep an element."""
        self.text += " " if tag in ("td", "th") else ""
        self.elements.append((tag, {name: value or "" for name, value in attrs}))

    def handle_data(self, data: str) -> None:
        """Keep text."""
        self.text += data

    def all(self, tag: str, attribute: str) -> list[str]:
        """Return an attribute of every element of a tag that has it."""
        return [own[attribute] for name, own in self.elements if name == tag and attribute in own]

    @property
    def words(self) -> str:
        """The text with all white space made one blank."""
        return " ".join(self.text.split())


def get_page(client: FlaskClient, path: str) -> Page:
    """Return a page that is there."""
    response = client.get(path)
    assert response.status_code == 200
    assert response.content_type == "text/html; charset=utf-8"
    return Page(response.text)


def write_csv(path: Path, rows: list[dict[str, Any]]) -> str:
    """Write rows that share their keys."""
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    return str(path)


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory, dummy_model: str) -> Settings:
    """Settings of a server with two classes (v0), three (v1), all types (v2), hostile names (v3).

    v4 has forty classes and v5 is damaged.
    """
    root = tmp_path_factory.mktemp("pages")
    (root / "models").mkdir()
    config = Settings(
        models_root=str(root / "models"),
        logs_root=str(root / "logs"),
        model_signing_key=SIGNING_KEY,
    )
    shutil.copy(dummy_model, config.models_root)
    wine = load_wine(as_frame=True).frame.assign(target=lambda frame: frame["target"].map(str))
    wine.to_csv(root / "wine.csv", index=False)
    train(str(root / "wine.csv"), "v1", config=config)
    train(
        write_csv(root / "customers.csv", _customers()),
        "v2",
        columns=Columns(target="churned", id="customer"),
        positive_class="yes",
        config=config,
    )
    categorical = ("many",)
    columns = Columns(categorical=categorical)
    train(write_csv(root / "hostile.csv", _hostile()), "v3", columns=columns, config=config)
    many = [{"x": k % 40 + k / 1000, "target": f"class {k % 40}"} for k in range(400)]
    train(write_csv(root / "many.csv", many), "v4", config=config)
    Path(config.models_root, "trained-model-v5.p").write_bytes(b"garbage")
    return config


def _customers() -> list[dict[str, Any]]:
    draw = random.Random(1)
    return [
        {
            "customer": k,
            "age": "" if k % 12 == 0 else draw.randint(18, 90),
            "plan": "" if k % 30 == 0 else draw.choice(["basic", "family", "plus"]),
            "auto_renewal": draw.choice(["true", "false"]),
            "churned": draw.choice(["yes", "no"]),
        }
        for k in range(400)
    ]


def _hostile() -> list[dict[str, Any]]:
    draw = random.Random(2)
    return [
        {
            **{name: draw.random() for name in HOSTILE_NAMES},
            "kind": HOSTILE_CATEGORIES[k % len(HOSTILE_CATEGORIES)],
            "many": f"<b>{k % 600}</b>",
            "target": HOSTILE_CLASS if draw.random() < 0.5 else "it's",
        }
        for k in range(1200)
    ]


@pytest.fixture(scope="module")
def client(models: Settings) -> FlaskClient:
    """A client of the server with all these models."""
    return create_app(models).test_client()


# All versions


def test_index_tells_of_every_version(client: FlaskClient) -> None:
    """What it predicts, its score beside the baseline's, and on what it was trained."""
    words = get_page(client, "/").words
    assert re.search(
        r"v0 .*The probability that target is 1 Trained \d+ \w+ \d{4}, \d\d:\d\d UTC"
        r" on 10,000 rows of training\.csv .*ROC AUC 0\.988 baseline 0\.500",
        words,
    )
    assert "The class of target, one of 3" in words


def test_index_says_why_a_version_cannot_be_served(client: FlaskClient) -> None:
    """In words that give nothing away, and without a link to a page that is not there."""
    page = get_page(client, "/")
    note = "Its file is damaged, or not signed with a key that this server has."
    assert f"v5 Unavailable {note}" in page.words
    assert "/v5" not in page.all("a", "href")


def test_index_knows_the_latest_that_can_be_served(client: FlaskClient) -> None:
    """The damaged v5 is not it."""
    assert "v4 Ready latest" in get_page(client, "/").words


def test_index_without_a_model_tells_how_to_train_one(config: Settings) -> None:
    """The command of the README."""
    words = get_page(create_app(config).test_client(), "/").words
    assert "No model is trained yet." in words
    assert "python -m app.models.train_model data/raw/training.csv v0" in words


def test_pages_say_that_an_older_file_is_served(config_with_v0: Settings) -> None:
    """A bad replacement is nobody's surprise."""
    ticks = iter(range(0, 1000, 2))  # every look at the directory is a new one
    app = create_app(config_with_v0)
    app.extensions["services"].store._clock = lambda: float(next(ticks))
    client = app.test_client()
    note = "Its newer file cannot be loaded, so the older one is served on."
    assert note not in get_page(client, "/v0").words
    Path(config_with_v0.models_root, "trained-model-v0.p").write_bytes(b"garbage")
    assert note in get_page(client, "/v0").words
    assert note in get_page(client, "/").words


# A model's page


def test_headline_tells_what_when_on_what_and_how_good(client: FlaskClient) -> None:
    """Every fact of the metadata that somebody would ask for first."""
    metadata = client.get("/v0/metadata").json
    assert metadata is not None
    words = get_page(client, "/v0").words
    assert "Model v0 The probability that target is 1 Trained " in words
    assert "7,500 rows of training.csv, and measured on 2,500 other rows" in words
    for key, label in {"roc_auc": "ROC AUC", "brier_score": "Brier score"}.items():
        value, baseline = metadata["metrics"][key], metadata["baseline_metrics"][key]
        assert f"{label} {value:.3f} baseline {baseline:.3f}" in words
    assert metadata["training_data"]["sha256"] in words
    assert metadata["sha256"][:12] in words


def test_every_plot_has_a_text_alternative(client: FlaskClient) -> None:
    """Four plots of the positive class; the figures are the metrics'."""
    labels = [
        own["aria-label"]
        for tag, own in get_page(client, "/v0").elements
        if tag == "svg" and own.get("role") == "img"
    ]
    assert len(labels) == 4
    assert labels[0].startswith("ROC curve of 1. Area under the curve 0.988. With 5 % false")
    assert [label.split(" of ")[0] for label in labels[1:]] == [
        "Precision-recall curve",
        "Calibration curve",
        "Distribution",
    ]


def test_effects_are_the_standardized_coefficients(client: FlaskClient, dummy_model: str) -> None:
    """What one standard deviation adds is what the logistic regression learned."""
    coefficients = joblib.load(dummy_model)[-1].coef_[0]
    facts = client.get("/v0", headers=JSON).json
    assert facts is not None
    slopes = {effect["feature"]: effect["slope"] for effect in facts["effects"]["1"]}
    assert [slopes[f"x_{k}"] for k in (2, 3, 4)] == pytest.approx(coefficients[1:], rel=1e-9)
    assert slopes["x_1"] == pytest.approx(coefficients[0], rel=0.02)  # it had gaps
    strengths = [effect["strength"] for effect in facts["effects"]["1"]]
    assert strengths == sorted(strengths, reverse=True)


def test_effects_of_categories_are_what_the_api_explains(client: FlaskClient) -> None:
    """Each category's contribution, and that of a missing one."""
    facts = client.get("/v2", headers=JSON).json
    assert facts is not None
    by_name = {effect["feature"]: effect for effect in facts["effects"]["yes"]}
    assert by_name["age"]["levels"] == []
    for feature, names in {
        "plan": {"basic": "basic", "family": "family", "plus": "plus", "missing": None},
        "auto_renewal": {"true": True, "false": False},
    }.items():
        levels = {level["name"]: level["effect"] for level in by_name[feature]["levels"]}
        assert levels.keys() == names.keys()
        for name, value in names.items():
            row = facts["example"]["row"] | {feature: value}
            answer = client.post("/v2/predict?explain=true", json=row).json
            assert answer is not None
            assert levels[name] == answer["explanation"]["contributions"][feature]


@pytest.mark.parametrize("version", ["v0", "v1", "v2", "v3", "v4"])
def test_curl_on_the_page_sends_the_typical_row(client: FlaskClient, version: str) -> None:
    """As a shell would take it apart, and the API answers what the page says."""
    facts = client.get(f"/{version}", headers=JSON).json
    assert facts is not None
    page = Page(client.get(f"/{version}/report").text)
    command = page.text[page.text.index("curl -s ") :].partition("Compare")[0]
    words = shlex.split(command.replace("\\\n", ""))
    url, body = words[2], words[words.index("-d") + 1]
    assert url == f"http://localhost/{version}/predict"
    assert json.loads(body) == facts["example"]["row"]
    answer = client.post(f"/{version}/predict", data=body, content_type="application/json").json
    assert answer is not None
    assert answer["prediction"] == facts["example"]["prediction"]


def test_form_has_a_labelled_field_for_every_key(client: FlaskClient) -> None:
    """With a typical value each; what may be missing can be."""
    page = get_page(client, "/v2")
    fields = {own["data-name"]: own for _, own in page.elements if "data-name" in own}
    assert list(fields) == ["age", "plan", "auto_renewal", "id"]
    assert {own["id"] for own in fields.values()} <= set(page.all("label", "for"))
    assert fields["age"]["placeholder"] == "missing"
    assert "null" in page.all("option", "value")


def test_three_classes_have_plots_each_and_a_confusion_matrix(client: FlaskClient) -> None:
    """One against the rest."""
    page = get_page(client, "/v1")
    labels = [own["aria-label"] for _, own in page.elements if own.get("role") == "img"]
    roc = [label for label in labels if label.startswith("ROC curve of ")]
    assert {label.split()[3] for label in roc} == {"0.", "1.", "2."}
    assert "True class 0 1 2" in page.words


def test_many_classes_are_cut_short(client: FlaskClient) -> None:
    """The twelve most frequent are drawn, the worst confusions listed; the JSON has all."""
    page = get_page(client, "/v4")
    labels = [own["aria-label"] for _, own in page.elements if own.get("role") == "img"]
    assert len(labels) == 12 * 4
    assert "here are the 12 most frequent of 40" in page.words
    assert "With 40 classes the matrix is too large to read" in page.words
    facts = client.get("/v4", headers=JSON).json
    assert facts is not None
    assert len(facts["curves"]["classes"]) == 40


def test_a_model_that_is_not_linear_says_so(
    config: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has no coefficients and no waterfall, and all the rest."""
    monkeypatch.setattr(
        "app.models.train_model.build_classifier",
        lambda *_, **__: DecisionTreeClassifier(max_depth=3),
    )
    train(TRAINING_CSV, "v0", config=config)
    page = get_page(create_app(config).test_client(), "/v0")
    assert "This model is not linear, so it has no coefficients to show." in page.words
    assert "This model is not linear, so it has no exact contributions to show." in page.words
    assert "waterfall" not in [own.get("id") for _, own in page.elements]


def test_latest_is_a_page_too(client: FlaskClient) -> None:
    """It names the version behind it, and its calls stay with latest."""
    page = get_page(client, "/latest")
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
def test_what_is_not_there(client: FlaskClient, path: str, status: int, message: str) -> None:
    """Errors are the API's."""
    response = client.get(path)
    assert (response.status_code, response.json) == (status, {"message": message})


# JSON for those who prefer it


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
def test_negotiation(client: FlaskClient, path: str, accept: str, media_type: str) -> None:
    """JSON only to whom prefers it."""
    response = client.get(path, headers={"Accept": accept})
    assert (response.status_code, response.mimetype) == (200, media_type)
    assert response.headers["Vary"] == "Accept"


def test_index_as_json(client: FlaskClient) -> None:
    """The same facts."""
    facts = client.get("/", headers=JSON).json
    assert facts is not None
    assert facts["latest"] == "v4"
    by_version = {version["version"]: version for version in facts["versions"]}
    assert list(by_version) == ["v5", "v4", "v3", "v2", "v1", "v0"]
    metadata = client.get("/v0/metadata").json
    assert metadata is not None
    assert by_version["v0"]["metrics"] == metadata["metrics"]
    assert by_version["v0"]["training_data"]["rows"] == 10_000
    assert by_version["v5"] == {
        "version": "v5",
        "latest": False,
        "state": "unavailable",
        "note": "Its file is damaged, or not signed with a key that this server has.",
    }


def test_model_as_json(client: FlaskClient) -> None:
    """The metadata, and what the page draws."""
    facts = client.get("/v0", headers=JSON).json
    metadata = client.get("/v0/metadata").json
    assert facts is not None
    assert metadata is not None
    assert facts.keys() - metadata.keys() == {"curves", "effects", "example"}
    assert {key: facts[key] for key in metadata} == metadata


# Escaping, and what a browser may do

PATHS = ["/", "/v0", "/v1", "/v2", "/v3", "/v4", "/latest", "/docs"]
REPORTS = ["/v0/report", "/v1/report", "/v3/report"]


@pytest.mark.parametrize("path", ["/v3", "/v3/report"])
def test_names_of_all_kinds_are_text(client: FlaskClient, path: str) -> None:
    """Columns, categories and classes never become markup nor template code."""
    page = get_page(client, path)
    for name in [*HOSTILE_NAMES, *HOSTILE_CATEGORIES, HOSTILE_CLASS]:
        assert name in page.text
    tags = [tag for tag, _ in page.elements]
    assert "img" not in tags
    assert "i" not in tags
    assert tags.count("script") == (2 if path == "/v3" else 0)


def test_a_long_list_of_categories_is_not_in_the_form(client: FlaskClient) -> None:
    """The script fetches it from the schema when it is wanted."""
    page = get_page(client, "/v3")
    (partial,) = (own for _, own in page.elements if "data-partial" in own)
    assert partial["data-name"] == "many"


@pytest.mark.parametrize("path", PATHS)
def test_policy_of_pages(client: FlaskClient, path: str) -> None:
    """Nothing but files of this server runs or is shown."""
    headers = client.get(path).headers
    assert headers["Content-Security-Policy"] == POLICY
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Cache-Control"] == "no-cache"


@pytest.mark.parametrize("path", [*PATHS, *REPORTS])
def test_nothing_is_inline_that_the_policy_forbids(client: FlaskClient, path: str) -> None:
    """No style attribute, no event attribute, no script but data."""
    for tag, own in get_page(client, path).elements:
        assert not any(name == "style" or name.startswith("on") for name in own)
        if tag == "script":
            assert "src" in own or own["type"] == "application/json"


@pytest.mark.parametrize("path", PATHS)
def test_pages_load_nothing_from_elsewhere(client: FlaskClient, path: str) -> None:
    """Every address is a path of this server, and there is something at it."""
    page = get_page(client, path)
    addresses = {own[a] for _, own in page.elements for a in ("src", "href") if a in own}
    paths = {address for address in addresses if not address.startswith("#")}
    assert all(re.match("/(?!/)", address) for address in paths)
    for address in paths:
        assert client.get(address, buffered=True).status_code == 200


@pytest.mark.parametrize("path", REPORTS)
def test_report_needs_no_other_file(client: FlaskClient, path: str) -> None:
    """Its style is inside, allowed by its hash; it has no script."""
    response = client.get(path)
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


def test_report_has_the_pages_facts(client: FlaskClient) -> None:
    """Headline, plots, coefficients, features, the call and the other versions."""
    page = get_page(client, "/v0/report")
    for title in ("How good it is", "What it learned", "Features", "Call it", "Compare"):
        assert title in page.words
    assert "Validation set v0 v4 v3 v2 v1 ROC AUC 0.988" in page.words


# Files


def test_files_are_kept_forever(client: FlaskClient) -> None:
    """Their address changes with what they hold, and another address is none."""
    (href,) = (h for h in get_page(client, "/").all("link", "href") if h.endswith("page.css"))
    response = client.get(href, buffered=True)
    assert response.headers["Cache-Control"] == "max-age=31536000, immutable"
    assert response.headers["Content-Security-Policy"] == POLICY
    same = {"If-None-Match": response.headers["ETag"]}
    assert client.get(href, headers=same, buffered=True).status_code == 304
    other = re.sub("/static/[0-9a-f]{12}/", "/static/0123456789ab/", href)
    assert client.get(other).status_code == 404


@pytest.mark.parametrize(
    "name", ["../pages.py", "%2e%2e/pages.py", "swagger-ui/../flask_swagger_ui.py", "", "no.css"]
)
def test_no_other_file_is_given_away(client: FlaskClient, name: str) -> None:
    """Only what is in the two directories."""
    (href,) = (h for h in get_page(client, "/").all("link", "href") if h.endswith("page.css"))
    assert client.get(href.replace("page.css", name)).status_code == 404


def test_files_may_change_while_developing(models: Settings) -> None:
    """In debug mode their address is made anew for every page."""
    app = create_app(models)
    app.debug = True
    page = get_page(app.test_client(), "/")
    assert page.all("link", "href") == get_page(app.test_client(), "/").all("link", "href")


def test_numbers_are_written_as_their_docstrings_say() -> None:
    """The examples of app/web/report/typeset.py."""
    assert doctest.testmod(typeset) == (0, 5)


# API keys


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


def test_calls_carry_the_key_where_one_is_needed(models: Settings) -> None:
    """From the environment: the page never shows it."""
    client = create_app(replace(models, api_keys="secret")).test_client()
    page = client.get("/v0", headers={"X-API-Key": "secret"})
    assert '-H "X-API-Key: $API_KEY"' in Page(page.text).text
    assert "secret" not in page.text


if __name__ == "__main__":
    raise SystemExit(pytest.main([__file__]))
