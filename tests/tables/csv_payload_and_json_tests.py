"""A CSV body gets the same answer as the same rows in JSON."""

import csv
import io
import json
import math
import re
import unicodedata
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from app.helpers.errors import InvalidPayload
from app.helpers.features import Feature
from app.helpers.payloads import parse_json
from app.helpers.validation import RowValidator, validate
from app.tables.csv_payload import parse_csv
from app.tables.formats import BOOLEANS, MISSING_TOKENS
from tests.support.estimator_cases import get_case
from tests.support.payloads import (
    parse,
)


def to_json_value(field: str, type_: str) -> Any:
    """Return what JSON would have in a field's place, as the wire describes it."""
    if type_ == "id":
        return field or None
    text = unicodedata.normalize("NFC", field.strip())
    if not text or (type_ != "category" and text.lower() in MISSING_TOKENS):
        return None
    if type_ == "number" and NUMBER.fullmatch(text) and math.isfinite(float(text)):
        return float(text)
    return BOOLEANS.get(text.lower(), text) if type_ == "boolean" else text


NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
plain_texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=4)
fields = {
    "number": st.one_of(
        st.floats(-2e3, 2e3).map(repr),
        st.floats(allow_nan=False, allow_infinity=False).map(repr),
        st.integers(-(10**16), 10**16).map(str),
        st.from_regex(r"[-+]?[0-9]{0,3}\.?[0-9]{0,3}([eE][-+]?[0-9]{1,2})?", fullmatch=True),
        st.sampled_from(["nan", "inf", "1_0", " 1", "1,5", "٣", "null", "0x1", "NA", "?"]),
    ),
    "boolean": st.sampled_from(["true", "false", "True", "yes", "N", "1", "tRue ", "ja"]),
    "category": st.sampled_from(["red", "green", "blue", "round", "square", " red", "RED"]),
}


@st.composite
def tables(draw: st.DrawFn) -> tuple[list[str], list[list[str]]]:
    """Draw a header and rows of fields for the features of a model of all types, most valid."""
    features = get_case("ours").features
    header = draw(st.permutations(["id", *(feature.name for feature in features)]))
    by_name = {feature.name: feature for feature in features}

    def field(name: str) -> st.SearchStrategy[str]:
        if name == "id":
            return plain_texts.filter(bool) | plain_texts
        feature = by_name[name]
        valid: st.SearchStrategy[str] = {
            "number": st.floats(-1e3, 1e3).map(repr) | st.integers(-99, 99).map(str),
            "boolean": st.sampled_from(["true", "false"]),
            "category": st.sampled_from(feature.categories or ("",)),
        }[feature.type]
        if feature.nullable:
            valid |= st.just("")
        return valid

    rows = draw(st.lists(st.tuples(*map(field, header)).map(list), max_size=6))
    if draw(st.booleans()) and rows:
        row = draw(st.sampled_from(rows))
        place = draw(st.integers(0, len(header) - 1))
        kind = by_name[header[place]].type if header[place] in by_name else "category"
        row[place] = draw(fields[kind] | plain_texts)
    return header, rows


def outcome_of_json(body: bytes) -> Any:
    """Return the ids and predictions, or the message and the rows' messages."""
    model = get_case("ours").model
    try:
        rows = parse_json(body, 10)
        validate(rows, model.validator)
    except InvalidPayload as error:
        return str(error), error.errors
    return [row["id"] for row in rows], model.predict_rows(rows)


def outcome_of_csv(body: bytes) -> Any:
    """Return the ids and predictions, or the message and the rows' messages."""
    model = get_case("ours").model
    try:
        ids, columns = parse_csv(body, model.validator, 10)
    except InvalidPayload as error:
        return str(error), error.errors
    return ids, model.predict_columns(columns)


@settings(max_examples=300)
@given(
    tables(),
    st.sampled_from(["\n", "\r\n", "\r"]),
    st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    st.booleans(),
)
def test_csv_and_json_of_the_same_rows_get_the_same_answer(
    table: tuple[list[str], list[list[str]]], line_end: str, quoting: Any, bom: bool
) -> None:
    """The same predictions, or the same messages."""
    header, rows = table
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator="\r\n", quoting=quoting)
    writer.writerows([header, *rows])
    text = buffer.getvalue()
    if not any(c in field for row in rows for field in row for c in "\r\n"):
        text = text.replace("\r\n", line_end)
    types = {feature.name: feature.type for feature in get_case("ours").features}
    objects = [
        {
            name: to_json_value(field, types.get(name, "id"))
            for name, field in zip(header, row, strict=True)
        }
        for row in rows
    ]
    assert outcome_of_csv(("\ufeff" * bom + text).encode()) == outcome_of_json(
        json.dumps(objects).encode()
    )


@settings(max_examples=500)
@given(st.text(st.sampled_from(list('ab1,,\n\n\r"" \x00\x0b\x0c\x1c\x85\u2028ä')), max_size=25))
def test_lines_and_fields_are_those_of_the_csv_module(rest: str) -> None:
    """Of all that Unicode takes for a line's end only CR and LF are one, quotes or not."""
    text = f"id,c\n1,a\n{rest}"  # the first row has no comma more than the header
    outcome: Any = None
    try:
        outcome = parse(text, RowValidator([Feature("c", "category", True, ("a", "b"))]), 100)
    except InvalidPayload as error:
        outcome = str(error)
    lines, reason = [], ""
    try:
        is_padded = re.search('(?:^|[\r\n,]) +"', text) is not None
        buffer = io.StringIO(text, newline="")
        _, *lines = csv.reader(buffer, strict=True, skipinitialspace=is_padded)
    except csv.Error as error:
        reason = str(error)
    while lines and not lines[-1]:
        lines.pop()
    if reason:
        assert outcome == f"Request body is not valid CSV: {reason}."
    elif ragged := [(place, len(line)) for place, line in enumerate(lines) if len(line) != 2]:
        place, length = ragged[0]
        assert outcome == (
            f"Request body is not valid CSV: row {place} has {length} fields, the header has 2."
        )
    elif wrong := [line for line in lines if not line[0] or line[1].strip() not in ("a", "b", "")]:
        assert outcome == f"{len(wrong)} of {len(lines)} rows are invalid."
    else:
        assert outcome == (
            [line[0] for line in lines],
            [[line[1].strip() or None for line in lines]],
        )
