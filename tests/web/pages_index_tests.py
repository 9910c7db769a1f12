"""The page of all versions."""

import re
from pathlib import Path

from flask.testing import FlaskClient

from app.app import create_app
from app.settings import Settings
from tests.support.pages import get_page


def test_index_tells_of_every_version(page_client: FlaskClient) -> None:
    """What it predicts, its score beside the baseline's, and on what it was trained."""
    words = get_page(page_client, "/").words
    assert re.search(
        r"v0 .*The probability that target is 1 Trained \d+ \w+ \d{4}, \d\d:\d\d UTC"
        r" on 10,000 rows of training\.csv .*ROC AUC 0\.988 baseline 0\.500",
        words,
    )
    assert "The class of target, one of 3" in words


def test_index_says_why_a_version_cannot_be_served(page_client: FlaskClient) -> None:
    """In words that give nothing away, and without a link to a page that is not there."""
    page = get_page(page_client, "/")
    note = "The file is damaged, or it is not signed with a key of this server."
    assert f"v5 Unavailable {note}" in page.words
    assert "/v5" not in page.all("a", "href")


def test_index_knows_the_latest_that_can_be_served(page_client: FlaskClient) -> None:
    """The damaged v5 is not it."""
    assert "v4 Ready latest" in get_page(page_client, "/").words


def test_index_without_a_model_tells_how_to_train_one(config: Settings) -> None:
    """The command of the README."""
    words = get_page(create_app(config).test_client(), "/").words
    assert "There is no trained model yet." in words
    assert "python -m app.models.train_model data/raw/training.csv v0" in words


def test_pages_say_that_an_older_file_is_served(config_with_v0: Settings) -> None:
    """A bad replacement is nobody's surprise."""
    ticks = iter(range(0, 1000, 2))  # every look at the directory is a new one
    app = create_app(config_with_v0)
    app.extensions["services"].store._clock = lambda: float(next(ticks))
    client = app.test_client()
    note = "The newer file cannot be loaded, so the older one is still served."
    assert note not in get_page(client, "/v0").words
    Path(config_with_v0.models_root, "trained-model-v0.p").write_bytes(b"garbage")
    assert note in get_page(client, "/v0").words
    assert note in get_page(client, "/").words
