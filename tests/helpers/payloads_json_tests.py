"""A JSON body becomes rows, or is refused with the reason and its place."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.helpers.errors import InvalidPayload
from app.helpers.payloads import parse_json
from app.helpers.validation import validate
from tests.support.payloads import VALIDATOR, refuse_json


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "It is empty."),
        (b"  \n", "Input data is empty at line 1, column 1."),
        (b'{"x": NaN}', "Unexpected character, expected a JSON value at line 1, column 7."),
        (b'{"x": Infinity}', "Unexpected character, expected a JSON value at line 1, column 7."),
        (b'{"x": -Infinity}', "No digit after sign at line 1, column 8."),
        (b'{"x": 1e400}', "Number is infinity when parsed as double at line 1, column 7."),
        (b'{"x":\n -1e400}', "Number is infinity when parsed as double at line 2, column 2."),
        (b"1" * 400, "Number is infinity when parsed as double at line 1, column 1."),
        (b'{"x": 1} secret', "Unexpected content after document at line 1, column 10."),
        (b"{}{}", "Unexpected content after document at line 1, column 3."),
        (b'{"x": 1', "Unexpected end of data at line 1, column 8."),
        (b'{"x": "secret', "Unexpected end of data at line 1, column 14."),
        (b'{"x": 1,}', "Trailing comma is not allowed at line 1, column 8."),
        (b"{'x': 1}", "Unexpected character, expected a string key at line 1, column 2."),
        (b'{"x": 01}', "Number with leading zero is not allowed at line 1, column 7."),
        (
            b'{"\xc3\xa4": secret}',
            "Unexpected character, expected a JSON value at line 1, column 7.",
        ),
        (b'{"x": "\xff"}', "It is not UTF-8."),
        (b'{"x": "\xed\xa0\x80"}', "It is not UTF-8."),
        ('{"x": 1}'.encode("utf-16"), "It is not UTF-8."),
        (
            b"\xef\xbb\xbf{}",
            "UTF-8 byte order mark (BOM) is not supported at line 1, column 1.",
        ),
        (rb'"\ud800"', "No low surrogate in string at line 1, column 2."),
        (rb'"\udc00\ud800"', "Invalid high surrogate in string at line 1, column 2."),
        (rb'"\x"', "Invalid escaped sequence in string at line 1, column 2."),
        (b'"\x01"', "Unexpected control character in string at line 1, column 2."),
        (b"secret", "Unexpected character, expected a JSON value at line 1, column 1."),
    ],
    ids=str,
)
def test_what_is_no_json_is_refused_with_the_reason(body: bytes, reason: str) -> None:
    """And where it is; what stands there is not shown."""
    assert refuse_json(body) == f"Request body is not valid JSON. {reason}"


@pytest.mark.parametrize(
    "body",
    [b"[" * 100_000, b'{"a":' * 100_000, b"[" * 2000 + b"]" * 2000, b'[{"x": ' + b"[" * 5000],
    ids=["arrays", "objects", "closed", "within"],
)
def test_what_the_parser_does_not_follow_is_too_deep(body: bytes) -> None:
    """With the message of what it does follow, and the schema does not allow."""
    assert refuse_json(body) == "Request body is nested too deeply."


def test_nesting_that_the_parser_follows_is_left_to_validation() -> None:
    """Where the same message comes from."""
    with pytest.raises(InvalidPayload) as caught:
        validate(parse_json(b"[" * 1000 + b"]" * 1000, 10), VALIDATOR)
    assert str(caught.value) == "Request body is nested too deeply."


@given(
    st.binary(max_size=40) | st.text(max_size=40).map(lambda text: text.encode(errors="replace"))
)
def test_a_body_is_json_or_refused(body: bytes) -> None:
    """Never anything else, and never with the body's text."""
    canary = b"canary7731" + body
    for text in (body, canary, b'{"x": ' + canary):
        try:
            parse_json(text, 10)
        except InvalidPayload as error:
            message = str(error)
        else:
            continue
        assert re.match(r"Request body is (not valid JSON\. [A-Z]|nested too deeply\.$)", message)
        assert "canary7731" not in message


def test_json_values_keep_their_types() -> None:
    """What is sent is what is validated, and the last of a key given twice counts."""
    text = rb'{"a": 1, "b": 1.0, "c": -0.0, "d": 18446744073709551615, "e": "\u00e4", "a": null}'
    values = parse_json(text, 10)
    assert repr(values) == ("{'a': None, 'b': 1.0, 'c': -0.0, 'd': 18446744073709551615, 'e': 'ä'}")
    assert parse_json(b" [ ] ", 0) == []
