"""Predictions written as CSV and as JSON."""

import csv
import io
import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from app.helpers.features import make_feature_columns
from app.helpers.payloads import format_csv, format_json
from tests.support.payloads import (
    X_AND_COLOR,
    parse,
)


def test_predictions_as_csv() -> None:
    """`id,prediction`, or with three or more classes one column per class."""
    assert format_csv(["7", "a,b"], [0.5, 1.0], ["no", "yes"]) == (
        b'id,prediction\n7,0.5\n"a,b",1.0\n'
    )
    predictions = [{"a": 0.25, 'b"': 0.0001, "c": 0.7499}]
    assert format_csv(["7"], predictions, ["a", 'b"', "c"]) == (
        b'id,a,"b""",c\n7,0.25,0.0001,0.7499\n'
    )
    assert format_csv([], [], ["no", "yes"]) == b"id,prediction\n"
    assert format_csv([], [], ["a", "b", "c"]) == b"id,a,b,c\n"


def test_a_prediction_is_written_as_in_json() -> None:
    """Each of the numbers of 4 places."""
    numbers = [number / 10_000 for number in range(10_001)]
    ids = list(map(str, range(10_001)))
    lines = format_csv(ids, numbers, ["no", "yes"]).decode().splitlines()[1:]
    assert lines == [f"{id_},{json.dumps(p)}" for id_, p in zip(ids, numbers, strict=True)]


@given(
    st.lists(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=9), max_size=5),
    st.integers(2, 4),
    st.data(),
)
def test_an_id_comes_back_as_it_was_sent(
    ids: list[str], n_classes: int, data: st.DataObject
) -> None:
    """Through CSV in and CSV out, with each prediction beside it."""
    sent = io.StringIO(newline="")
    csv.writer(sent, quoting=csv.QUOTE_ALL).writerows(
        [["id", "x", "color"], *([id_, number, "red"] for number, id_ in enumerate(ids))]
    )
    received, columns = parse(sent.getvalue(), X_AND_COLOR)
    assert received == ids
    assert columns == make_feature_columns(
        [{"x": number, "color": "red"} for number in range(len(ids))], X_AND_COLOR.features
    )
    classes = [f"class {number}" for number in range(n_classes)]
    places = st.integers(0, 10_000).map(lambda number: number / 10_000)
    probability = (
        places if n_classes == 2 else st.fixed_dictionaries(dict.fromkeys(classes, places))
    )
    predictions: list[Any] = data.draw(st.lists(probability, min_size=len(ids), max_size=len(ids)))
    answer = format_csv(received, predictions, classes).decode()
    _, *lines = csv.reader(io.StringIO(answer, newline=""), strict=True)
    assert [line[0] for line in lines] == ids
    values = [[p] if n_classes == 2 else list(p.values()) for p in predictions]
    assert [list(map(float, line[1:])) for line in lines] == values


def test_json_answers_are_compact_and_end_with_a_newline() -> None:
    """As UTF-8, not escaped."""
    assert format_json({"id": "ä", "prediction": 0.5}) == '{"id":"ä","prediction":0.5}\n'.encode()
