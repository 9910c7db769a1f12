"""A request is one line of the log, which no client can forge."""

import logging
import re
import sys
from urllib.parse import unquote_to_bytes

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.telemetry.log_file import ApplicationLog
from app.telemetry.log_lines import MAX_PATH_LENGTH, text_lines
from app.telemetry.records import Record
from tests.support.logs import TIMESTAMP, line_of, lines_of
from tests.support.records import a_record

ANY_TEXT = st.text(st.characters())  # surrogates and control characters included


def message_of(line: str) -> str:
    assert re.match(TIMESTAMP + " - app - ", line)
    return line[len("2026-01-31 12:00:00,000 - app - ") :]


ANY_RECORD = st.builds(
    a_record,
    time=st.floats(0, 4e9),
    method=ANY_TEXT,
    path=ANY_TEXT,
    status=st.integers(100, 599),
    id=ANY_TEXT | st.from_regex(r"[A-Za-z0-9._-]{1,70}", fullmatch=True),
)


@given(st.lists(ANY_RECORD, max_size=8))
def test_many_requests_have_the_lines_that_each_has_alone(records: list[Record]) -> None:
    """In order, though what many have in common is looked at once."""
    assert text_lines(records) == [line_of(record) for record in records]


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (200, "INFO - 127.0.0.1 GET http / 200 OK 0.412 ms 1"),
        (404, "INFO - 127.0.0.1 GET http / 404 NOT FOUND 0.412 ms 1"),
        (499, "INFO - 127.0.0.1 GET http / 499 0.412 ms 1"),
        (500, "ERROR - 127.0.0.1 GET http / 500 INTERNAL SERVER ERROR 0.412 ms 1"),
    ],
)
def test_the_line_of_a_request(status: int, expected: str) -> None:
    """A client's mistake is no error; a status without a phrase has none."""
    assert message_of(line_of(a_record(status=status))) == expected


@given(st.floats(min_value=0, max_value=4e9))
def test_a_request_is_dated_as_logging_would(time: float) -> None:
    """The time is the record's own, in the format of all other lines."""
    created = logging.makeLogRecord({"created": time, "msecs": int((time - int(time)) * 1000)})
    expected = logging.Formatter().formatTime(created)
    assert line_of(a_record(time=time)).startswith(f"{expected} - app - INFO - ")


@given(method=ANY_TEXT, path=ANY_TEXT, id=ANY_TEXT)
@example(method="GET\n", path="/\r\n2026-01-01 00:00:00,000 - app - INFO - ", id="\x85\u2028\ud800")
def test_any_request_is_one_printable_line_of_as_many_words(
    method: str, path: str, id: str
) -> None:
    """Nothing that a client sends can end the line, add a word or reach a terminal."""
    line = line_of(a_record(method=method, path=path, id=id))
    assert line.isprintable()
    assert len(line.split(" ")) == len(line_of(a_record()).split(" "))


@given(st.binary(min_size=1, max_size=MAX_PATH_LENGTH))
def test_the_path_can_be_decoded_from_the_line(path: bytes) -> None:
    """Percent-encoding loses nothing."""
    line = line_of(a_record(path=path.decode("latin-1")))
    assert unquote_to_bytes(line.split(" ")[10]) == path


def test_long_values_are_cut() -> None:
    """A line is bounded, and shows where something is missing."""
    line = line_of(a_record(method="M" * 65, path="/" * 257, id="1" * 65))
    assert message_of(line) == (
        f"INFO - 127.0.0.1 {'M' * 64}… http {'/' * 256}… 200 OK 0.412 ms {'1' * 64}…"
    )


def test_empty_values_are_dashes() -> None:
    """So that every word keeps its place."""
    line = line_of(a_record(method="", path="", id=""))
    assert message_of(line) == "INFO - 127.0.0.1 - http - 200 OK 0.412 ms -"


def test_no_message_nor_traceback_can_forge_a_line(log: ApplicationLog) -> None:
    """Only the first line of a record is not indented; control characters are escaped."""
    forged = line_of(a_record())
    try:
        raise ValueError(f"\n{forged}\r{forged}\x1b[2J\ud800")
    except ValueError:
        bad = logging.LogRecord("app", logging.ERROR, "", 0, "bad\n%s", (forged,), sys.exc_info())
    log.handle(bad)
    first, *others = lines_of(log)
    assert first.endswith(" - app - ERROR - bad")
    assert others[:2] == [f"  {forged}", "  Traceback (most recent call last):"]
    assert others[-2:] == [f"  {forged}", f"  {forged}\\x1b[2J\\ud800"]
    assert all(line.startswith("  ") and line.isprintable() for line in others)
