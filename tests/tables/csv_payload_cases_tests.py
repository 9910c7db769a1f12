"""A file that a version was trained on is scored unchanged: by its API and by score_file."""

import json
from pathlib import Path

import pytest

from app.app import create_app
from app.settings import Settings
from tests.support.requests import predictions_of_csv
from tests.support.scored_files import scores_of
from tests.support.table_cases import EXPECTED, dataset_of, json_rows, path_of
from tests.support.training import Run

REGRESSION = "numeric_target"  # score_file writes no numbers yet
TRAINED = [
    case for case, expected in EXPECTED.items() if "refused" not in expected and case != REGRESSION
]


@pytest.mark.parametrize("case", TRAINED)
def test_a_file_that_trains_is_scored_as_it_stands(
    run_training: Run, config: Settings, tmp_path: Path, case: str
) -> None:
    """Row for row the numbers that the values which training read get as JSON."""
    trained = run_training(path_of(case), "--target", EXPECTED[case]["target"])
    assert trained.exit_code == 0, trained.stderr
    client, body = create_app(config).test_client(), Path(path_of(case)).read_bytes()
    by_api = predictions_of_csv(client, body)

    by_command = scores_of(path_of(case), tmp_path / "scores.csv", config)
    assert [row["prediction"] for row in by_command] == by_api

    dataset = dataset_of(case)
    answer = client.post("/v0/predict", json=json_rows(dataset))
    assert answer.status_code == 200, answer.json
    by_json = [str(row["prediction"]) for row in json.loads(answer.data)]
    n_left_out = sum(left.count for left in dataset.decisions.rows_left_out)
    assert len(by_json) == len(by_api) - n_left_out
    assert is_part(by_json, by_api)

    for place in (0, 41, 79):
        alone = cut(body.decode(dataset.dialect.encoding), place).encode(dataset.dialect.encoding)
        assert predictions_of_csv(client, alone) == by_api[place : place + 1]


def is_part(part: list[str], whole: list[str]) -> bool:
    """Whether a list is another one, in order, with some items left out."""
    rest = iter(whole)
    return all(item in rest for item in part)


def cut(text: str, place: int) -> str:
    """Return a file of 80 rows with one of them."""
    lines = text.splitlines(keepends=True)
    return "".join([*lines[:-80], lines[place - 80]])
