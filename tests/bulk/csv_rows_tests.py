"""Rows of a CSV file: each field is taken or refused as the API does."""

import csv
from pathlib import Path
from typing import Any

from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st

from tests.support.scored_files import HEADER, ask, quickly, some_rows, write_text
from tests.support.training import Run

SPELLINGS = [
    *("", "1", "-0", "+1", " 1", "1 ", "\t1", "1e5", "1E5", ".5", "5.", "007", "1_000", "0x10"),
    *("1e400", "-1e400", "1e-400", "1e15", "1.0000000000000001e15", "1e16", "NaN", "nan", "inf"),
    *("-inf", "Infinity", "infinity", "null", "NULL", "N/A", "None", "1,5", '"1"', '"1', '1"'),
    *("true", "True", "TRUE", "tRue", "false", "0", "T", "yes", "1f", "1d5", "--1", "1e", "١", "é"),
    *("red", "Red", "red ", "dark blue", "green", '"red"', "#N/A", "1.7976931348623159e308"),
    *("9007199254740993", "123456789012345678901234567890", "0.1e1e1", "\x00", "\ufeff", "a" * 300),
]

numbers = st.one_of(
    st.floats().map(repr),
    st.integers().map(str),
    st.text(st.sampled_from("0123456789.eE+-"), max_size=6),
    st.text(st.sampled_from('0123456789.eE+-_ \t"aNnifr'), max_size=6),
)

fields = st.one_of(st.sampled_from(SPELLINGS), st.text(max_size=3), numbers)

table_rows = st.tuples(
    st.sampled_from(["a", "b c", "7"]) | fields,
    st.sampled_from(["", "1.5"]) | numbers | fields,
    st.sampled_from(["", "true", "FALSE"]) | fields,
    st.sampled_from(["", "red", "dark blue"]) | fields,
)


@quickly
@given(
    st.lists(table_rows, min_size=1, max_size=6),
    st.sampled_from(["\n", "\r\n", "\r"]),
    st.sampled_from(["", "\n", "\n\n"]),
)
def test_any_spelling_is_taken_or_refused_as_by_the_api(
    run_scoring: Run, mixed_client: FlaskClient, tmp_path: Path, rows: Any, line_end: str, end: str
) -> None:
    """What pyarrow reads is more than the API does, and less; nobody shall notice."""
    text = line_end.join([HEADER.strip(), *map(",".join, rows)]) + end
    path, out = write_text(tmp_path / "in.csv", text), tmp_path / "out.csv"
    out.unlink(missing_ok=True)
    result, answer = run_scoring(path, out), ask(mixed_client, text)
    assert result.exit_code == (0 if answer.status_code == 200 else 2), (result.stderr, answer.data)
    if answer.status_code == 200:
        assert out.read_bytes() == answer.data
        return
    assert not out.exists()
    if "errors" in answer.json:
        first = answer.json["errors"][0]
        assert result.stderr == f"Error: {str(path)!r}, row {first['row'] + 2}: " + (
            f"{' '.join(first['message'].split())}.\n"
        )
        run_scoring(path, out, "--invalid", "skip")
        with open(f"{out}.invalid.csv", newline="", encoding="utf-8") as file:
            reasons = [(int(row["row"]), row["reason"]) for row in csv.DictReader(file)]
        assert reasons == [(e["row"] + 2, e["message"]) for e in answer.json["errors"]]


def test_a_blank_row_is_no_row_at_the_end_and_invalid_before(
    run_scoring: Run, tmp_path: Path
) -> None:
    """Also where a block ends."""
    rows = some_rows(60)
    good = write_text(tmp_path / "in.csv", rows + "\n" * 500)
    assert run_scoring(good, tmp_path / "out.csv").exit_code == 0
    bad = write_text(tmp_path / "in.csv", rows + "\n" * 500 + rows.partition("\n")[2])
    assert run_scoring(bad, tmp_path / "out.csv").stderr == (
        f"Error: {str(bad)!r}, row 62: It has 0 fields, the header has 4.\n"
    )
