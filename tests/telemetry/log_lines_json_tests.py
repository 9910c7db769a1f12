"""The log as JSON: one object per line, with the fields that collectors look for."""

import json
import logging
import sys
from datetime import UTC, datetime, timedelta
from urllib.parse import unquote_to_bytes

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.telemetry.log_lines import FORMATS, json_lines
from app.telemetry.records import Outcome, Record
from tests.support.records import a_record

ANY_TEXT = st.text(st.characters())  # surrogates and control characters included
TRACE = "7e" * 16
SPAN = "5b" * 8
TRACEPARENT = f"00-{TRACE}-{SPAN}-01"
ANY_RECORD = st.builds(
    Record,
    time=st.floats(0, 4e9),
    remote_addr=ANY_TEXT,
    method=ANY_TEXT,
    scheme=st.sampled_from(["http", "https"]),
    path=ANY_TEXT,
    route=st.just("/"),
    status=st.integers(100, 599),
    duration=st.floats(0, 1e4),
    request_id=ANY_TEXT | st.from_regex(r"[A-Za-z0-9._-]{1,70}", fullmatch=True),
    outcome=st.sampled_from([Outcome(), Outcome("v12", "0" * 12)]),
    traceparent=ANY_TEXT | st.just(TRACEPARENT),
)


def test_the_line_of_a_prediction() -> None:
    """As a collector gets it."""
    record = Record(
        1_700_000_000.125,
        "::1",
        "POST",
        "http",
        "/v0/predict",
        "/<version>/predict",
        200,
        0.0002,
        "5f0c",
        Outcome("v0", "0123456789ab"),
        TRACEPARENT,
    )
    assert json_lines([record]) == [
        '{"timestamp":"2023-11-14T22:13:20.125Z","level":"INFO","logger":"app"'
        ',"message":"POST /v0/predict 200 OK","remote_addr":"::1","method":"POST","scheme":"http"'
        ',"path":"/v0/predict","status":200,"version":"v0","duration":0.000200'
        f',"request_id":"5f0c","trace_id":"{TRACE}"}}'
    ]


@given(st.lists(ANY_RECORD, max_size=8))
def test_any_request_is_one_line_of_json(records: list[Record]) -> None:
    """Whatever a client sends; many have the lines that each has alone."""
    lines = json_lines(records)
    assert lines == [line for record in records for line in json_lines([record])]
    for line, record in zip(lines, records, strict=True):
        assert line.isprintable()
        fields = json.loads(line)
        assert fields["status"] == record.status
        assert fields["level"] == ("INFO" if record.status < 500 else "ERROR")
        at = datetime.fromisoformat(fields["timestamp"])
        difference = datetime.fromtimestamp(record.time, UTC) - at
        assert abs(difference) <= timedelta(milliseconds=1)
        assert fields["duration"] == pytest.approx(record.duration, abs=1e-6)
        assert fields.get("version") == record.outcome.version
        assert fields.get("trace_id") == (TRACE if record.traceparent == TRACEPARENT else None)


@given(st.binary(min_size=1, max_size=256))
def test_the_path_can_be_decoded(path: bytes) -> None:
    """Percent-encoding loses nothing."""
    [line] = json_lines([a_record(path=path.decode("latin-1"))])
    assert unquote_to_bytes(json.loads(line)["path"]) == path


@pytest.mark.parametrize(("traceparent", "expected"), [(TRACEPARENT, TRACE), ("nonsense", None)])
def test_only_a_valid_traceparent_names_a_trace(traceparent: str, expected: str | None) -> None:
    """Others count as none."""
    [line] = json_lines([a_record()._replace(traceparent=traceparent)])
    assert json.loads(line).get("trace_id") == expected


@given(ANY_TEXT)
def test_any_message_is_one_line_of_json(text: str) -> None:
    """With its traceback in a field of its own."""
    try:
        raise ValueError(text)
    except ValueError:
        bad = logging.LogRecord("app.x", logging.ERROR, "", 0, "a %s", (text,), sys.exc_info())
    line = FORMATS["json"].messages.format(bad)
    assert line.isascii()
    assert line.isprintable()
    fields = json.loads(line)
    assert list(fields) == ["timestamp", "level", "logger", "message", "exception"]
    assert (fields["level"], fields["logger"]) == ("ERROR", "app.x")
    assert fields["message"] == f"a {text}"
    assert fields["exception"].startswith("Traceback (most recent call last):\n")
    assert abs(datetime.fromisoformat(fields["timestamp"]).timestamp() - bad.created) < 0.002
