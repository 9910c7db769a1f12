"""Everything below /ml, behind nginx with the shipped configuration and its hints followed."""

import json
import os
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from app.settings import Settings
from tests.browser.chromium import Open, predict, shown_probability, sync_api
from tests.browser.serving import serve
from tests.support.nginx import NGINX, running_nginx

if not os.path.exists(NGINX):
    pytest.skip("apt-get install nginx", allow_module_level=True)

BELOW = {"location / {": "location /ml/ {"}
REMOVED = {"proxy_pass http://replicas;": "proxy_pass http://replicas/;"}
TOLD = {'X-Forwarded-Prefix "";': "X-Forwarded-Prefix /ml;"}


@pytest.fixture(scope="module", params=["told by nginx", "removed and not told", "not removed"])
def address(
    request: pytest.FixtureRequest, config: Settings, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """The address of /ml on nginx, which leads to the server in each way that it may be set up."""
    changes, knobs = {
        "told by nginx": (BELOW | REMOVED | TOLD, {"trusted_proxies": 1}),
        "removed and not told": (BELOW | REMOVED, {"root_path": "/ml"}),
        "not removed": (BELOW, {"root_path": "/ml/", "trusted_proxies": 1}),
    }[request.param]
    with serve(replace(config, **knobs)) as server:  # type: ignore[arg-type]
        port = int(server.rpartition(":")[2])
        root: Path = tmp_path_factory.mktemp("nginx")
        with running_nginx(root, [port, port], changes) as front:
            yield f"http://127.0.0.1:{front}/ml"


def test_one_gets_everywhere_from_the_first_page(open_page: Open, address: str) -> None:
    """To a model, its report, the API and back; all with their styles."""
    page = open_page("/", address=address)
    page.get_by_role("link", name="v0", exact=True).click()
    page.wait_for_url(f"{address}/v0")
    assert page.evaluate("getComputedStyle(document.querySelector('header.site')).display") != ""
    page.get_by_role("link", name="Report as one file").click()
    page.wait_for_url(f"{address}/v0/report")
    page.go_back()
    page.get_by_role("link", name="API", exact=True).click()
    page.wait_for_url(f"{address}/docs")
    page.locator("#operations-v4-predict_v4").wait_for()
    page.get_by_role("link", name="Models").click()
    page.wait_for_url(f"{address}/")


def test_the_form_predicts_and_compares(open_page: Open, address: str) -> None:
    """It calls the API below the path, and so does the comparison with another version."""
    page = open_page("/v0", address=address)
    row = json.loads(page.locator("#facts").text_content())["row"] | {"x_1": -1}
    page.get_by_label("x_1", exact=True).fill("-1")
    shown_probability(page, predict(page, "v0", row)["prediction"])
    page.get_by_label("Compare v0 with").select_option("v4")
    theirs = predict(page, "v4", row)["prediction"]
    sync_api.expect(page.locator("#other-prediction")).to_have_text(f"{theirs:g}")


def test_the_copied_call_runs(open_page: Open, address: str) -> None:
    """As the page shows it with a script, and as the server wrote it."""
    for options in ({}, {"java_script_enabled": False}):
        page = open_page("/v0", address=address, **options)
        call = page.locator("#snippet").text_content()
        assert f"{address}/v0/predict" in call
        environment = {**os.environ, "NO_PROXY": "127.0.0.1"}
        output = subprocess.check_output(["sh", "-c", call], text=True, env=environment)
        assert json.loads(output).keys() == {"id", "prediction"}


def test_the_documentation_calls_the_api(open_page: Open, address: str) -> None:
    """Swagger UI takes the path from the document's `servers`."""
    page = open_page("/docs", address=address)
    operation = page.locator("#operations-v4-predict_v4")
    operation.locator(".opblock-summary-control").click()
    operation.get_by_role("button", name="Try it out").click()
    operation.get_by_role("button", name="Execute").click()
    status = operation.locator(".live-responses-table .response-col_status").last
    sync_api.expect(status).to_have_text("200")
    assert f"{address}/v4/predict" in operation.locator(".request-url").text_content()
