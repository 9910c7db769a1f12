"""Files with odd headers, and files trained with options, are scored unchanged."""

import json
from pathlib import Path
from typing import Any

import pytest

from app.app import create_app
from app.settings import Settings
from tests.support.requests import post_csv, predictions_of_csv
from tests.support.scored_files import scores_of
from tests.support.training import Run

ROWS = [f"{i % 7},{'ab'[i % 2]},{'yes' if i % 5 > 2 else 'no'}" for i in range(40)]


@pytest.mark.parametrize(
    ("header", "row"),
    [
        ("x,letter,target", "row {i},{row}"),
        ("x,letter,target", "{row},"),
        ("x,letter,target,", "{row},"),
        (",x,letter,target", "{i},{row}"),
        ("#,x,letter,target", "{i},{row}"),
        ("cafe\u0301,letter,target", "{row}"),
        ("caf\u00e9 , letter, target ", "{row}"),
    ],
    ids=[
        "row names without a name", "rows that end with a comma", "all end with a comma",
        "an index without a name", "a header like a comment", "decomposed", "spaces",
    ],
)  # fmt: skip
def test_a_file_with_an_odd_header_is_scored_as_it_stands(
    run_training: Run, config: Settings, tmp_path: Path, header: str, row: str
) -> None:
    """By the API, alone and with the others, and by score_file."""
    lines = [row.format(i=i, row=fields) for i, fields in enumerate(ROWS, start=1)]
    path = tmp_path / "table.csv"
    path.write_text("\n".join([header, *lines]) + "\n")
    assert run_training(path, "--C", "1").exit_code == 0
    client = create_app(config).test_client()
    predictions = predictions_of_csv(client, path.read_bytes())
    assert len(set(predictions)) > 2
    assert [row["prediction"] for row in scores_of(path, tmp_path / "out.csv", config)] == (
        predictions
    )
    for number in (0, 17, 39):
        alone = f"{header}\n{lines[number]}".encode()
        assert predictions_of_csv(client, alone) == [predictions[number]]


def test_what_options_leave_out_is_ignored(
    run_training: Run, config: Settings, tmp_path: Path
) -> None:
    """In CSV, in JSON and in a file; the column of ids is taken, whatever its name."""
    lines = [f"K{i},{i * 7 % 5},always,{row}" for i, row in enumerate(ROWS)]
    path = tmp_path / "table.csv"
    path.write_text("\n".join(["Kunde,noise,same,x,letter,target", *lines]) + "\n")
    options = ("--id", "Kunde", "--drop", "noise", "--C", "1")
    assert run_training(path, *options).exit_code == 0
    client = create_app(config).test_client()
    answer = post_csv(client, path.read_text())
    ids = [line.split(",")[0] for line in answer.text.splitlines()[1:]]
    assert ids == [f"K{i}" for i in range(40)]
    scored = scores_of(path, tmp_path / "scores.csv", config)
    assert (tmp_path / "scores.csv").read_bytes() == answer.data
    row: dict[str, Any] = {
        "Kunde": "K3",
        "noise": [1],
        "same": None,
        "x": 3,
        "letter": "b",
        "target": {},
    }
    one = client.post("/v0/predict", json={"id": 3, **row})
    assert json.loads(one.data) == {"id": 3, "prediction": float(scored[3]["prediction"])}
    schema = json.loads(client.get("/v0/schema").data)
    assert schema["required"] == [*schema["properties"]] == ["id", "x", "letter"]
    assert client.post("/v0/predict", json=row).json == {"message": "Missing keys: 'id'"}
    assert client.post("/v0/predict", json={"id": 3, **row, "other": 1}).json == {
        "message": "Unexpected keys: 'other'"
    }
