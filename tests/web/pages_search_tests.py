"""What a model's page tells of the search for its parameters."""

import json

from app.app import create_app
from app.settings import Settings
from app.utils.dataclass_json import to_json
from tests.support.training import Run, read_trials


def test_the_page_shows_what_was_tried(train_made_csv: Run, config: Settings) -> None:
    """And that it was fitted again on all rows; the JSON has it all."""
    train_made_csv("--search", "--refit-on-all")
    client = create_app(config).test_client()
    page = client.get("/v0").text
    trials = read_trials(config)
    assert "How its parameters were chosen" in page
    for trial in trials:
        assert f"<td>{trial.log_loss:.4f}</td>" in page
    assert "Then it was fitted again on all 200 rows." in page
    assert json.loads(client.get("/v0/metadata").data)["search"]["trials"] == to_json(trials)
    assert "How its parameters were chosen" in client.get("/v0/report").text


def test_a_model_without_a_search_has_its_page(train_made_csv: Run, config: Settings) -> None:
    """Also one of before there was such a thing."""
    train_made_csv()
    page = create_app(config).test_client().get("/v0").text
    assert "How its parameters were chosen" not in page
    assert "fitted again" not in page
