"""A body with more rows or values than allowed is refused before it is parsed."""

import json

import pytest

from app.helpers.errors import InvalidPayload, PayloadTooLarge
from app.helpers.payloads import parse_json
from app.tables.csv_payload import parse_csv
from tests.support.payloads import HEADER, LINE, VALIDATOR, parse


def test_too_many_json_rows_are_refused() -> None:
    """Before anybody looks into them."""
    assert len(parse_json(b"[" + b"1," * 9 + b"1]", 10)) == 10
    with pytest.raises(PayloadTooLarge) as caught:
        parse_json(b"[" + b"1," * 10 + b"1]", 10)
    assert str(caught.value) == "Request has more than 10 rows."


@pytest.mark.parametrize("quote", ["", '"'], ids=["plain", "quoted"])
def test_too_many_csv_rows_are_refused(quote: str) -> None:
    """Whatever else is wrong with them; blank lines at the end are no rows."""
    header = f"{quote}id{quote}{HEADER[2:]}"
    assert len(parse("\n".join([header, *[LINE] * 10]) + "\n" * 1000)[0]) == 10
    for lines in (
        [header, *[LINE] * 11],
        [header, *["1,2"] * 11],
        [header + ",z", *[LINE] * 11],
        [header, *[""] * 10, LINE],
        [header, *[LINE] * 5000],
    ):
        with pytest.raises(PayloadTooLarge) as caught:
            parse("\n".join(lines))
        assert str(caught.value) == "Request has more than 10 rows."


@pytest.mark.parametrize(
    "body", [b"[" + b"0," * 100_000 + b"0]", b"[[]" * 60_000, b'{"a":0,' * 60_000, b"," * 100_001]
)
def test_more_values_than_rows_can_have_are_not_parsed(body: bytes) -> None:
    """Each would take many times its size in memory."""
    message = r"^Request has more values than 10 rows can have\.$"
    with pytest.raises(PayloadTooLarge, match=message):
        parse_json(body, 10, 7)
    with pytest.raises(PayloadTooLarge, match=message):
        parse_csv(body.replace(b"[", b",").replace(b"{", b","), VALIDATOR, 10)


def test_a_few_rows_too_many_are_called_rows() -> None:
    """However many keys a row has; as many as may be are taken."""
    row = {"id": 1} | {f"x{i}": [0, {}] for i in range(8)}
    assert len(parse_json(json.dumps([row] * 5_000).encode(), 5_000, 20)) == 5_000
    with pytest.raises(PayloadTooLarge, match=r"^Request has more than 5000 rows\.$"):
        parse_json(json.dumps([row] * 5_001).encode(), 5_000, 20)


def test_a_header_of_a_hundred_thousand_columns_is_not_looked_at() -> None:
    """Nor would its names be told."""
    header = ",".join(map(str, range(100_001)))
    with pytest.raises(PayloadTooLarge, match="more values than 100000 rows can have"):
        parse(header, max_rows=100_000)


@pytest.mark.parametrize("text", ["," * 200_000, '[{"\\' * 200_000])
def test_what_is_in_a_text_is_no_value(text: str) -> None:
    """However many commas or brackets it has."""
    assert parse_json(json.dumps([{"id": text}]).encode(), 10, 7) == [{"id": text}]
    quoted = text.replace('"', '""')
    assert f"{len(text)}" not in parse_messages(f'{HEADER}\n"{quoted}",1,,true,,red,\n')


def parse_messages(text: str) -> str:
    """Return what is wrong with the rows of a CSV text."""
    with pytest.raises(InvalidPayload) as caught:
        parse(text)
    return str(caught.value)


def test_unclosed_texts_take_linear_time() -> None:
    """A million quotes and backslashes are looked at once."""
    for body in (b'"' + b'\\"' * 1_000_000 + b"," * 200_000, b'"' * 1_000_001 + b"," * 200_000):
        with pytest.raises((InvalidPayload, PayloadTooLarge)):
            parse_json(body, 10, 7)
