"""The page of a model that predicts a number follows what people type."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from app.models.train_model import train
from app.tables.columns import Columns
from tests.browser.chromium import opened, predict, sync_api, violations
from tests.browser.serving import serve
from tests.support.configs import make_config
from tests.support.csv_files import write_csv
from tests.support.houses import house_rows


@pytest.fixture
def page(houses_model: str, browser: Any, tmp_path: Path) -> Iterator[Any]:
    """The page of the houses' model, v0, beside a v1 of fewer houses."""
    config = make_config(tmp_path)
    shutil.copy(houses_model, config.models_root)
    path = str(write_csv(tmp_path / "few.csv", house_rows(200)))
    train(path, "v1", columns=Columns("price"), config=config)
    with serve(config) as address, opened(browser, f"{address}/v0") as page:
        yield page


def test_the_number_its_interval_and_its_waterfall_follow(page: Any) -> None:
    """They are the API's, and the bars add up to the number."""
    page.get_by_label("area", exact=True).fill("120")
    row = json.loads(page.locator("#facts").text_content())["row"] | {"area": 120}
    answer = predict(page, "v0", row, "?explain=true&interval=true")
    shown = page.locator("#prediction")
    sync_api.expect(shown).to_have_text(f"{answer['prediction']:.0f}")
    low, high = page.locator("#interval").text_content().split(" … ")
    assert [float(low), float(high)] == answer["interval"]
    amounts = [
        float(text.replace("−", "-").replace(",", ""))
        for text in page.locator("#waterfall .amount").all_inner_texts()
    ]
    average, *parts, total = amounts
    assert average == pytest.approx(answer["explanation"]["baseline"], abs=1)
    assert total == pytest.approx(answer["prediction"], abs=1)
    assert sum(parts) == pytest.approx(total - average, abs=4)


def test_another_version_stands_beside_it(page: Any) -> None:
    """With its errors in the unit of the target."""
    page.get_by_label("Compare v0 with").select_option("v1")
    row = json.loads(page.locator("#facts").text_content())["row"]
    other = predict(page, "v1", row)["prediction"]
    sync_api.expect(page.locator("#other-prediction")).to_have_text(f"{other:.0f}")
    theirs = page.locator("[data-metric=mean_absolute_error] td").last
    assert float(theirs.text_content().replace(",", "")) > 10_000


def test_it_is_accessible(page: Any) -> None:
    """As axe-core judges it."""
    sync_api.expect(page.locator("#interval")).not_to_have_text("…")
    assert violations(page) == []
