"""The pages in a real browser: open, try, compare, copy a call and run it; seen and heard by all.

`make test-browser` installs what this needs; without it these tests are skipped.
"""

import ast
import contextlib
import json
import logging
import math
import os
import random
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from sklearn.datasets import load_wine
from werkzeug.serving import make_server

from app.app import create_app
from app.models.train_model import train
from app.settings import Settings
from app.tables.columns import Columns
from tests.support.configs import SIGNING_KEY
from tests.support.paths import TRAINING_CSV

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
DESKTOP = {
    "viewport": {"width": 1280, "height": 900},
    "reduced_motion": "reduce",  # nothing moves away while it is clicked
}
KEY = "only-for-these-tests"
PAGES = ["/", "/v0", "/v1", "/v2", "/v3", "/v0/report", "/v1/report", "/docs"]
HOSTILE = ["<script>alert(1)</script>", "a\"b'c", "عمر العميل", "🍏 $(id) `id`", "__proto__", "1"]

Open = Callable[..., Any]


@pytest.fixture(scope="module")
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
    train(TRAINING_CSV, "v0", config=config)
    load_wine(as_frame=True).frame.to_csv(root / "wine.csv", index=False)
    train(str(root / "wine.csv"), "v1", config=config)
    write_csv(root / "customers.csv", make_customers())
    columns = Columns(target="churned", id="customer")
    train(str(root / "customers.csv"), "v2", columns=columns, config=config)
    write_csv(root / "hostile.csv", _hostile())
    columns = Columns(categorical=("many",))
    train(str(root / "hostile.csv"), "v3", columns=columns, config=config)
    train(TRAINING_CSV, "v4", C=0.0005, config=config)
    return config


def make_customers(n_rows: int = 400) -> list[dict[str, Any]]:
    """Return rows of all types, with gaps, in which there is something to learn."""
    draw = random.Random(1)
    rows = []
    for k in range(n_rows):
        plan = draw.choice(["basic", "basic", "family", "plus", "student"])
        renews, tickets, age = draw.random() < 0.6, int(draw.expovariate(0.7)), draw.randint(18, 90)
        z = 0.5 * tickets - 1.3 * renews - 0.03 * (age - 44) + (plan == "student") - 0.5
        rows.append(
            {
                "customer": k,
                "age": "" if draw.random() < 0.08 else age,
                "monthly_spend": round(draw.lognormvariate(3.4, 0.6), 2),
                "plan": plan,
                "auto_renewal": str(renews).lower(),
                "support_tickets": tickets,
                "churned": "yes" if draw.random() < 1 / (1 + math.exp(-z)) else "no",
            }
        )
    return rows


def _hostile() -> list[dict[str, Any]]:
    draw = random.Random(2)
    return [
        {
            **{name: draw.random() for name in HOSTILE},
            "kind": ["</script><script>alert(2)</script>", "שלום", " ", "it's"][k % 4],
            "many": f"<b>{k % 600}</b>",
            "target": draw.choice(["<img src=x onerror=alert(3)>", "it's"]),
        }
        for k in range(1200)
    ]


def write_csv(path: Path, rows: list[dict[str, Any]]) -> None:
    """Write rows that share their keys."""
    pd.DataFrame(rows).to_csv(path, index=False)


@contextlib.contextmanager
def serve(config: Settings) -> Iterator[str]:
    """Serve the application and yield its address."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = make_server("127.0.0.1", 0, create_app(config), threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture(scope="module")
def server(config: Settings) -> Iterator[str]:
    """The address of a server without API keys."""
    with serve(config) as address:
        yield address


@pytest.fixture(scope="module")
def guarded_server(config: Settings) -> Iterator[str]:
    """The address of a server that wants a key."""
    with serve(replace(config, api_keys=KEY)) as address:
        yield address


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Debian's Chromium."""
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def open_page(browser: Any, server: str) -> Iterator[Open]:
    """A function that opens a path in a browser of its own, with options of its context.

    At the end no page may have said anything on its console, failed, opened a dialog, or asked
    another host; `refusals=True` allows for what a browser says of every status of 400.
    """
    contexts, heard = [], []

    def open_page(
        path: str, *, address: str = server, refusals: bool = False, **options: Any
    ) -> Any:
        def hear_console(message: Any) -> None:
            if not (refusals and "status of 400" in message.text):
                heard.append(message.text)

        def hear_request(request: Any) -> None:
            if not request.url.startswith((address + "/", "data:")):
                heard.append(request.url)

        context = browser.new_context(**{**DESKTOP, **options})
        contexts.append(context)
        page = context.new_page()
        page.on("console", hear_console)
        page.on("pageerror", lambda error: heard.append(str(error)))
        page.on("dialog", lambda dialog: (heard.append(dialog.message), dialog.dismiss()))
        page.on("request", hear_request)
        page.goto(address + path, wait_until="networkidle")
        if path == "/docs":
            page.locator(".opblock-tag-section").first.wait_for()
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert heard == []


def predict(page: Any, version: str, row: dict[str, Any], query: str = "") -> Any:
    """Return what the API answers, asked beside the page."""
    address = page.url.split("/v")[0]
    return page.request.post(f"{address}/{version}/predict{query}", data=row).json()


def shown_probability(page: Any, probability: float) -> None:
    """Wait until the page shows a probability."""
    sync_api.expect(page.locator("#probability")).to_have_text(f"{probability:g}")


# What people do


def test_open_a_model_from_the_list(open_page: Open) -> None:
    """A click leads to its page."""
    page = open_page("/")
    page.get_by_role("link", name="v0", exact=True).click()
    heading = page.get_by_role("heading", level=1)
    sync_api.expect(heading).to_have_text("The probability that target is 1")


def test_the_probability_follows_what_one_types(open_page: Open) -> None:
    """It is the API's, and the bars add up to it."""
    page = open_page("/v0")
    page.get_by_label("x_1", exact=True).fill("-2")
    page.get_by_label("x_4", exact=True).fill("-1")
    row = json.loads(page.locator("#facts").text_content())["row"] | {"x_1": -2, "x_4": -1}
    answer = predict(page, "v0", row, "?explain=true")
    shown_probability(page, answer["prediction"])
    amounts = [
        text.replace("−", "-") for text in page.locator("#waterfall .amount").all_inner_texts()
    ]
    average, *parts, total = map(float, amounts)
    explanation = answer["explanation"]
    assert average == pytest.approx(explanation["baseline"], abs=1e-4)
    assert sorted(parts) == pytest.approx(sorted(explanation["contributions"].values()), abs=1e-4)
    assert total == pytest.approx(average + sum(parts), abs=1e-3)


def test_sliders_and_arrow_keys_move_a_number(open_page: Open) -> None:
    """By mouse and by keyboard."""
    page = open_page("/v0")
    field, slider = page.get_by_label("x_2", exact=True), page.locator("#field-2 + [type=range]")
    slider.fill("2")
    assert float(field.input_value()) == pytest.approx(2, abs=0.01)
    field.press("ArrowUp")
    assert float(field.input_value()) > 2.02
    assert float(slider.input_value()) == pytest.approx(float(field.input_value()), abs=0.01)


def test_every_type_can_be_chosen_and_left_out(open_page: Open) -> None:
    """Numbers, categories and booleans; a missing number is null."""
    page = open_page("/v2")
    page.get_by_label("age", exact=True).fill("")
    page.get_by_label("plan", exact=True).select_option("family")
    page.get_by_label("auto_renewal", exact=True).select_option("false")
    typical = json.loads(page.locator("#facts").text_content())["row"]
    row = typical | {"age": None, "plan": "family", "auto_renewal": False}
    shown_probability(page, predict(page, "v2", row)["prediction"])
    page.get_by_role("button", name="Back to the typical row").click()
    shown_probability(page, predict(page, "v2", typical)["prediction"])


def test_three_classes(open_page: Open) -> None:
    """The most probable comes first and is explained, until another is chosen."""
    page = open_page("/v1")
    page.get_by_label("proline", exact=True).fill("1500")
    row = json.loads(page.locator("#facts").text_content())["row"] | {"proline": 1500}
    prediction = predict(page, "v1", row)["prediction"]
    best = max(prediction, key=prediction.get)
    first = page.locator("#probabilities li").first
    sync_api.expect(first).to_contain_text(f"{best}{prediction[best]}")
    sync_api.expect(page.locator("#waterfall-sum")).to_contain_text(f"Scores of {best};")
    page.get_by_label("Explain", exact=True).select_option(label="1")
    sync_api.expect(page.locator("#waterfall-sum")).to_contain_text("Scores of 1;")


def test_the_apis_message_is_at_the_field_that_is_wrong(open_page: Open) -> None:
    """Word for word, and it goes when the value is mended."""
    page = open_page("/v0", refusals=True)
    first, second = page.get_by_label("x_1", exact=True), page.get_by_label("x_2", exact=True)
    first.fill("high")
    second.fill("1e400")
    expect = sync_api.expect
    expect(page.locator("#error-1")).to_have_text("Invalid values: 'x_1' must be a number or null")
    expect(page.locator("#error-2")).to_have_text("Invalid values: 'x_2' must be a number")
    expect(page.locator("#error-3")).to_be_empty()
    expect(first).to_have_attribute("aria-invalid", "true")
    expect(first).to_have_accessible_description("Invalid values: 'x_1' must be a number or null")
    assert _violations(page) == []
    first.fill("1")
    second.fill("1")
    expect(page.locator("#error-1")).to_be_empty()
    expect(page.locator("#refusal")).to_be_hidden()


def test_compare_with_another_version(open_page: Open) -> None:
    """Its figures beside ours, and the same row's prediction, also when the row changes."""
    page = open_page("/v0")
    page.get_by_label("Compare v0 with").select_option("v4")
    theirs = page.request.get(page.url.replace("/v0", "/v4/metadata")).json()["metrics"]
    for key, value in theirs.items():
        cell = page.locator(f"[data-metric={key}] td").last
        sync_api.expect(cell).to_have_text(f"{value:.4f}")
    page.get_by_label("x_1", exact=True).fill("-1")
    row = json.loads(page.locator("#facts").text_content())["row"] | {"x_1": -1}
    for version, cell in {"v0": "#our-prediction", "v4": "#other-prediction"}.items():
        sync_api.expect(page.locator(cell)).to_have_text(
            f"{predict(page, version, row)['prediction']:g}"
        )


def test_compare_with_a_version_of_other_columns(open_page: Open) -> None:
    """It says so, in the API's words."""
    page = open_page("/v0", refusals=True)
    page.get_by_label("Compare v0 with").select_option("v2")
    note = page.locator("#comparison-note")
    sync_api.expect(note).to_contain_text("v2 answers another question")
    sync_api.expect(note).to_contain_text("Missing keys: 'age', 'monthly_spend', 'plan',")


@pytest.mark.parametrize("version", ["v0", "v1", "v2", "v3"])
@pytest.mark.parametrize("language", ["curl", "Python", "JavaScript"])
def test_the_copied_call_runs(
    open_page: Open, guarded_server: str, version: str, language: str
) -> None:
    """In a shell and in both languages, with the key from the environment."""
    program = {"curl": ["sh", "-c"], "Python": [sys.executable, "-c"]}.get(language)
    if program is None:
        if not shutil.which("node"):
            pytest.skip("there is no node to run it with")
        program = ["node", "--input-type=module", "-e"]
    page = open_page(
        f"/{version}",
        address=guarded_server,
        permissions=["clipboard-read", "clipboard-write"],
        http_credentials={"username": "anyone", "password": KEY, "send": "always"},
    )
    page.locator("#field-0").fill('it\'s \\ "7" $HOME')
    page.get_by_role("radio", name=language).check()
    page.get_by_role("button", name="Copy").click()
    sync_api.expect(page.locator("#copied")).to_have_text("Copied")
    call = page.evaluate("navigator.clipboard.readText()")
    environment = {**os.environ, "API_KEY": KEY, "NO_PROXY": "127.0.0.1"}
    output = subprocess.run(
        [*program, call], capture_output=True, text=True, check=True, env=environment
    ).stdout
    facts = page.request.get(page.url, headers={"Accept": "application/json"}).json()
    prediction = facts["example"]["prediction"]
    if language == "curl":
        assert json.loads(output) == {"id": 'it\'s \\ "7" $HOME', "prediction": prediction}
    elif language == "Python":
        assert ast.literal_eval(output) == prediction
    elif isinstance(prediction, float):
        assert float(output) == prediction


def test_names_of_all_kinds(open_page: Open) -> None:
    """They are shown as they are, and a long list of categories comes when it is wanted."""
    page = open_page("/v3")
    page.get_by_label(HOSTILE[0], exact=True).fill("0.9")
    many = page.get_by_label("many", exact=True)
    assert many.locator("option").count() == 1
    many.focus()
    sync_api.expect(many.locator("option")).to_have_count(600)
    many.select_option("<b>599</b>")
    page.get_by_label("kind", exact=True).select_option("שלום")
    typical = json.loads(page.locator("#facts").text_content())["row"]
    row = typical | {HOSTILE[0]: 0.9, "many": "<b>599</b>", "kind": "שלום"}
    shown_probability(page, predict(page, "v3", row)["prediction"])


def test_without_javascript(open_page: Open) -> None:
    """What the model learned, and the call to take away; no form that does nothing."""
    page = open_page("/v0", java_script_enabled=False)
    sync_api.expect(page.locator("#snippet")).to_contain_text("curl -s http://127.0.0.1")
    sync_api.expect(page.locator(".try form")).to_be_hidden()
    assert page.locator("svg[role=img]").count() == 4


@pytest.mark.parametrize("key", [None, KEY])
def test_docs_call_this_server(
    open_page: Open, server: str, guarded_server: str, key: str | None
) -> None:
    """Swagger UI tries a prediction, with an API key and without."""
    page = open_page(
        "/docs",
        address=guarded_server if key else server,
        http_credentials={"username": "", "password": key} if key else None,
    )
    operation = page.locator("#operations-v0-predict_v0")
    operation.locator(".opblock-summary-control").click()
    operation.get_by_role("button", name="Try it out").click()
    operation.get_by_role("button", name="Execute").click()
    status = operation.locator(".live-responses-table .response-col_status").last
    sync_api.expect(status).to_have_text("200")
    assert _violations(page) == []


# What everybody can see, hear and reach


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", PAGES)
def test_axe_finds_nothing(open_page: Open, path: str, scheme: str) -> None:
    """No violation of axe-core's rules, in both themes."""
    assert _violations(open_page(path, color_scheme=scheme)) == []


@pytest.mark.parametrize("path", PAGES)
def test_no_page_scrolls_sideways_on_a_phone(open_page: Open, path: str) -> None:
    """At 360 pixels."""
    page = open_page(path, viewport={"width": 360, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") == 360


def _violations(page: Any) -> list[tuple[str, str]]:
    return [
        (violation["id"], node["html"])
        for violation in axe.Axe().run(page).response["violations"]
        for node in violation["nodes"]
    ]
