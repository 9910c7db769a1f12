"""The page of a model that learned from texts follows what people write."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.browser.chromium import opened, predict, shown_probability, sync_api
from tests.browser.serving import serve
from tests.support.configs import make_config


@pytest.fixture
def page(comments_model: str, browser: Any, tmp_path: Path) -> Iterator[Any]:
    """The page of the comments' model."""
    config = make_config(tmp_path)
    shutil.copy(comments_model, config.models_root)
    with serve(config) as address, opened(browser, f"{address}/v0") as page:
        yield page


def test_the_probability_and_its_words_follow_the_text(page: Any) -> None:
    """Lines, quotes and markup are only text."""
    typed = 'Cancel it, please.\nI "want" a <b>refund</b>'
    page.get_by_label("comment", exact=True).fill(typed)
    row = json.loads(page.locator("#facts").text_content())["row"] | {"comment": typed}
    answer = predict(page, "v0", row, "?explain=true")
    shown_probability(page, answer["prediction"])
    strongest = list(answer["explanation"]["words"]["comment"])[:2]
    assert sorted(strongest) == ["cancel", "refund"]
    step = page.locator("#waterfall li", has_text="comment")
    sync_api.expect(step).to_contain_text("cancel +")
    sync_api.expect(step).to_contain_text("refund +")
