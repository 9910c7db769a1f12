"""Laws of tables in any dialect: what was written is what the API, score_file and JSON read."""

import json
from pathlib import Path
from typing import Any

from flask.testing import FlaskClient
from hypothesis import given, settings

from app.app import create_app
from app.models.train_model import train
from app.settings import Settings
from app.store.rows import table_rules
from app.store.trained_model import TrainedModel
from app.tables.columns import Columns
from app.tables.csv_payload import parse_csv
from tests.support.drawn_tables import law
from tests.support.requests import predictions_of_csv
from tests.support.scored_files import scores_of
from tests.support.training import load_model
from tests.support.written_tables import N_ROWS, WrittenTable, written_tables


@settings(law, max_examples=30)
@given(table=written_tables())
def test_a_table_means_the_same_in_training_and_serving(
    table: WrittenTable, config: Settings, tmp_path: Path
) -> None:
    """In CSV, in JSON and in a file: the same numbers for each row, alone or with the others."""
    path = tmp_path / "table.csv"
    path.write_bytes(table.content)
    columns = Columns(include=[*table.columns], categorical=["word", "zip"])
    train(str(path), "v0", columns=columns, C=0.1, config=config)
    model, client = load_model(config), create_app(config).test_client()
    written = {name: column.values for name, column in table.columns.items()}

    ids, read = parse_csv(table.content, model.validator, N_ROWS, table_rules(model.manifest))
    assert ids == [str(number) for number in range(N_ROWS)]
    assert read == [written[feature.name] for feature in model.features]

    by_api = predictions_of_csv(client, table.content)
    assert [row["prediction"] for row in scores_of(path, tmp_path / "out.csv", config)] == by_api
    assert predictions_of_json(client, model, written) == by_api
    encoding = model.manifest.training_data.dialect.encoding
    lines = table.content.decode(encoding).splitlines(keepends=True)
    for number in (0, N_ROWS - 1):
        alone = "".join([*lines[:-N_ROWS], lines[number - N_ROWS]]).encode(encoding)
        assert predictions_of_csv(client, alone) == by_api[number : number + 1]
    plain = write_plainly(model, written)
    assert predictions_of_csv(client, plain) == by_api


def predictions_of_json(
    client: FlaskClient, model: TrainedModel, written: dict[str, list[Any]]
) -> list[str]:
    """Return the API's predictions for written values in JSON, as it writes them."""
    names = [feature.name for feature in model.features]
    rows = [
        {"id": number} | {name: written[name][number] for name in names} for number in range(N_ROWS)
    ]
    answer = client.post("/v0/predict", json=rows)
    assert answer.status_code == 200, answer.json
    return [str(row["prediction"]) for row in json.loads(answer.data)]


def write_plainly(model: TrainedModel, written: dict[str, list[Any]]) -> bytes:
    """Return written values as a plain CSV: UTF-8, commas, decimal points, true and false."""
    columns = [
        [write_value(value, feature.format.thousands) for value in written[feature.name]]
        for feature in model.features
    ]
    header = [feature.name for feature in model.features]
    return "".join([",".join(row) + "\n" for row in [header, *zip(*columns, strict=True)]]).encode()


def write_value(value: Any, thousands: str) -> str:
    """Return a value's plain form."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return '"' + value.replace('"', '""') + '"'
    # Where points separate thousands, 1.234 is no fraction; with four decimals it is none of them.
    return f"{value:.4f}" if thousands == "." else repr(value)
