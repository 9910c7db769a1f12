"""Small tables as pandas, R, Excel, databases and people write them, and what is made of each."""

import json
import math
from typing import Any

from app.helpers.dates import TO_TEXT
from app.helpers.features import Feature
from app.tables.columns import Columns
from app.training.dataset import Dataset, read_dataset
from tests.support.paths import ROOT

CASES = ROOT / "tests/tables/cases"
EXPECTED: dict[str, Any] = json.loads((CASES / "expected.json").read_text())


def path_of(case: str) -> str:
    """Return the path of a case's table."""
    return str(CASES / "csv" / f"{case}.csv")


def json_rows(dataset: Dataset) -> list[dict[str, Any]]:
    """Return what training made of the rows, with the types that the schema asks for."""
    rows = []
    for number, values in enumerate(dataset.frame.itertuples(index=False)):
        row: dict[str, Any] = {"id": number}
        for feature, value in zip(dataset.features, values, strict=True):
            is_missing = isinstance(value, float) and math.isnan(value)
            row[feature.name] = None if is_missing else _json_value(feature, value)
        rows.append(row)
    return rows


def _json_value(feature: Feature, value: Any) -> Any:
    if feature.date_type is not None:
        return TO_TEXT[feature.date_type](value)
    return bool(value) if feature.type == "boolean" else value


def dataset_of(case: str) -> Dataset:
    """Return what training makes of a case's table."""
    return read_dataset(path_of(case), Columns(EXPECTED[case]["target"]))
