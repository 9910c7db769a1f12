"""Calls that the pages make or show: comparisons, snippets and Swagger UI."""

import ast
import json
import os
import shutil
import subprocess
import sys

import pytest

from tests.browser.chromium import Open, predict, sync_api, violations
from tests.browser.serving import KEY


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
    sync_api.expect(note).to_contain_text("v2 predicts something else")
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
    page.get_by_role("button", name="Copy", exact=True).click()
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
    operation = page.locator("#operations-v4-predict_v4")
    operation.locator(".opblock-summary-control").click()
    operation.get_by_role("button", name="Try it out").click()
    operation.get_by_role("button", name="Execute").click()
    status = operation.locator(".live-responses-table .response-col_status").last
    sync_api.expect(status).to_have_text("200")
    assert violations(page) == []
