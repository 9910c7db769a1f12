"""Payloads: a body read as JSON or CSV, to the same predictions and messages; answers as CSV."""

import csv
import io
import itertools
import json
import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.helpers.errors import InvalidPayload, PayloadTooLarge
from app.helpers.features import Feature, make_feature_columns
from app.helpers.payloads import format_csv, format_json, parse_csv, parse_json
from app.helpers.validation import RowValidator, validate
from tests.store.trained_model_tests import get_case

FEATURES = (
    Feature("x", "number"),
    Feature("y", "number", nullable=True),
    Feature("member", "boolean"),
    Feature("paid", "boolean", nullable=True),
    Feature("color", "category", categories=("red", "green, light", "NA")),
    Feature("shape", "category", nullable=True, categories=("round", '"square"', "two\nlines")),
)
VALIDATOR = RowValidator(FEATURES)
NAMES = [feature.name for feature in FEATURES]
HEADER = "id,x,y,member,paid,color,shape"
LINE = "7,1.5,,true,,red,"
X_AND_COLOR = RowValidator([Feature("x", "number"), FEATURES[4]])

settings.register_profile("payloads", deadline=None)
settings.load_profile("payloads")


def refuse_json(body: bytes, max_rows: int = 10) -> str:
    """Return the message that a body is refused with."""
    with pytest.raises(InvalidPayload) as caught:
        parse_json(body, max_rows)
    assert caught.value.errors == []
    return str(caught.value)


def parse(text: str, validator: RowValidator = VALIDATOR, max_rows: int = 10) -> Any:
    """Return the ids and the columns of a CSV text."""
    return parse_csv(text.encode(), validator, max_rows)


def refuse_csv(body: str | bytes, validator: RowValidator = VALIDATOR) -> Any:
    """Return the message that a CSV text is refused with, or its rows' messages."""
    with pytest.raises(InvalidPayload) as caught:
        parse_csv(body.encode() if isinstance(body, str) else body, validator, 10)
    return [error["message"] for error in caught.value.errors] or str(caught.value)


# JSON


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


def test_too_many_json_rows_are_refused() -> None:
    """Before anybody looks into them."""
    assert len(parse_json(b"[" + b"1," * 9 + b"1]", 10)) == 10
    with pytest.raises(PayloadTooLarge) as caught:
        parse_json(b"[" + b"1," * 10 + b"1]", 10)
    assert str(caught.value) == "Request has more than 10 rows."


def test_json_answers_are_compact_and_end_with_a_newline() -> None:
    """As UTF-8, not escaped."""
    assert format_json({"id": "ä", "prediction": 0.5}) == '{"id":"ä","prediction":0.5}\n'.encode()


# CSV: types


@pytest.mark.parametrize(
    ("field", "number"),
    [
        ("1", 1.0),
        ("-1.5", -1.5),
        ("+1", 1.0),
        ("1.", 1.0),
        (".5", 0.5),
        ("-.5", -0.5),
        ("007", 7.0),
        ("1e3", 1000.0),
        ("1E+3", 1000.0),
        ("1.5e-3", 0.0015),
        ("5e-324", 5e-324),
        ("1e-400", 0.0),
        ("-0", 0.0),
        ("0.1" + "0" * 500, 0.1),
        ("1000000000000000", 1e15),
        ("-1e15", -1e15),
        ('"2"', 2.0),
        ("", None),
        ('""', None),
    ],
)
def test_numbers(field: str, number: float | None) -> None:
    """As they are written by people and programs, next to one that JSON knows or not."""
    for other in ("3", ".5"):
        ids, columns = parse(f"id,x,y\na,1,{field}\nb,2,{other}\n", RowValidator(FEATURES[:2]))
        assert ids == ["a", "b"]
        assert columns == [[1.0, 2.0], [number, float(other)]]


@pytest.mark.parametrize(
    "field",
    [
        "nan", "NaN", "NA", "null", "None", "-", "inf", "-Infinity", "1_000", " 1", "1 ", "\t1",
        "0x10", "1e", "e5", ".", "+", "--1", "1.2.3", "1-2", "1f", "٣", "１", "½", "true", "[1]",
        "1;2", '"1,5"', '"1,"', '","', '"1\n2"', '"[1"', '" "', '"""1"""', "\x00", "1\x00",
        "\u2212 1", "1\u00a0",
    ],
)  # fmt: skip
def test_what_is_no_number(field: str) -> None:
    """Neither what float() nor what JSON takes for one, alone or in a column of numbers."""
    for above, below in itertools.product(("", "0,1,red\n"), ("", "9,.5,red\n")):
        text = f"id,x,color\n{above}1,{field},red\n{below}"
        assert refuse_csv(text, X_AND_COLOR) == ["Invalid values: 'x' must be a number"]


@pytest.mark.parametrize("field", ["1e400", "-1e400", "1" * 400, "1e16", "1000000000000001"])
def test_numbers_beyond_what_is_allowed(field: str) -> None:
    """Infinite or not, nullable or not."""
    for name in ("x", "y"):
        line = {"x": "1", "y": "2", name: field}
        assert refuse_csv(f"id,x,y\n1,{line['x']},{line['y']}", RowValidator(FEATURES[:2])) == [
            f"Invalid values: '{name}' must be between -1e+15 and 1e+15"
        ]


@pytest.mark.parametrize(
    ("field", "boolean"),
    [
        ("true", True),
        ("True", True),
        ("TRUE", True),
        ("false", False),
        ("False", False),
        ("FALSE", False),
        ('"true"', True),
    ],
)
def test_booleans(field: str, boolean: bool) -> None:
    """As training reads them."""
    validator = RowValidator(FEATURES[2:4])
    assert parse(f"id,member,paid\n1,{field},\n2,true,{field}", validator) == (
        ["1", "2"],
        [[boolean, True], [None, boolean]],
    )


@pytest.mark.parametrize("field", ["1", "0", "yes", "tRUE", " true", "t", "null", "NA"])
def test_what_is_no_boolean(field: str) -> None:
    """It is never guessed."""
    validator = RowValidator(FEATURES[2:4])
    assert refuse_csv(f"id,member,paid\n1,{field},{field}", validator) == [
        "Invalid values: 'member' must be a boolean, 'paid' must be a boolean or null"
    ]


def test_categories_are_taken_as_they_stand() -> None:
    """Only the empty field is missing, and a space is part of a text."""
    text = 'id,color,shape\n1,NA,"two\nlines"\n2,"green, light",\n3,red,"""square"""\n4,"red",""'
    assert parse(text, RowValidator(FEATURES[4:])) == (
        ["1", "2", "3", "4"],
        [["NA", "green, light", "red", "red"], ["two\nlines", None, '"square"', None]],
    )
    rule = "'color' must be one of 'red', 'green, light', 'NA'"
    for field in (" red", "red ", "Red", "N/A", ""):
        assert refuse_csv(f"id,x,color\n1,2,{field}", X_AND_COLOR) == [f"Invalid values: {rule}"]


def test_an_id_stays_text() -> None:
    """It comes back as it was sent."""
    ids = ["007", "1e5", " 1 ", "true", "null", "ä😀", "x" * 256, "😀" * 256]
    assert parse("\n".join(["id,x,color", *(f"{id_},1,red" for id_ in ids)]), X_AND_COLOR)[0] == ids


@pytest.mark.parametrize("id_", ["", '""', "x" * 257, "😀" * 257])
def test_an_id_that_is_missing_or_too_long(id_: str) -> None:
    """The message is that of JSON."""
    assert refuse_csv(f"id,x,color\n{id_},1,red", X_AND_COLOR) == [
        "Invalid values: 'id' must be a string of at most 256 characters"
        " or an integer between -9007199254740991 and 9007199254740991"
    ]


# CSV: layout


@pytest.mark.parametrize(
    "text",
    [
        f"{HEADER}\n{LINE}\n{LINE}\n",
        f"{HEADER}\n{LINE}\n{LINE}",
        f"{HEADER}\r\n{LINE}\r\n{LINE}\r\n",
        f"{HEADER}\r{LINE}\r{LINE}\r",
        f"{HEADER}\n{LINE}\r\n{LINE}\r",
        f"{HEADER}\n{LINE}\n{LINE}\n\n\r\n\r\n\n",
        f"\ufeff{HEADER}\n{LINE}\n{LINE}\n",
        f'\ufeff"id"{HEADER[2:]}\n"7"{LINE[1:]}\n{LINE}\n',
        f'"id"{HEADER[2:]}\r\n"7"{LINE[1:]}\r\n{LINE}\r\n',
        f'"id"{HEADER[2:]}\r"7"{LINE[1:]}\r{LINE}\r\r\r',
        "shape,color,paid,member,y,x,id\n,red,,TRUE,,1.5,7\n,red,,true,,15e-1,7",
        "id,x,y,member,paid,color,shape,x\n7,bad,,true,,red,,1.5\n7,,,true,,red,,1.5",
    ],
    ids=[
        "LF", "none at the end", "CRLF", "CR", "mixed", "blank lines at the end", "BOM",
        "BOM and quotes", "quotes and CRLF", "quotes and CR", "another order",
        "of a name given twice the last counts",
    ],
)  # fmt: skip
def test_layouts_of_one_table(text: str) -> None:
    """All say the same."""
    ids, columns = parse(text)
    assert ids == ["7", "7"]
    assert columns == [[1.5, 1.5], [None] * 2, [True] * 2, [None] * 2, ["red"] * 2, [None] * 2]


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


def test_a_header_alone_has_no_rows() -> None:
    """As an empty array has none."""
    for text in (HEADER, f"{HEADER}\n", f"{HEADER}\r\n\r\n", f'"id"{HEADER[2:]}\n'):
        assert parse(text, max_rows=0) == ([], [[] for _ in FEATURES])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "Request body is not valid CSV: the header is missing."),
        ("\ufeff", "Request body is not valid CSV: the header is missing."),
        ("\r\n\n", "Request body is not valid CSV: the header is missing."),
        (f"\n{HEADER}\n{LINE}", "Request body is not valid CSV: the header is missing."),
        (f'\n"id"{HEADER[2:]}', "Request body is not valid CSV: the header is missing."),
        ("id,x", "Missing keys: 'y', 'member', 'paid', 'color', 'shape'"),
        ("x", "Missing keys: 'id', 'y', 'member', 'paid', 'color', 'shape'"),
        (f"{HEADER},z,\n{LINE}", "Unexpected keys: 'z', ''"),
        (f"{HEADER},z,z\n{LINE},1,2", "Unexpected keys: 'z'"),
        (
            HEADER.replace("paid", " paid"),
            "Missing keys: 'paid'. Unexpected keys: ' paid'",
        ),
        (HEADER.replace(",", ";"), "Missing keys: 'id', 'x', 'y', 'member', 'paid', 'color',"
         " 'shape'. Unexpected keys: 'id;x;y;member;paid;color;shape'"),
        (
            f"{HEADER}\n{LINE}\n{LINE},\n{LINE}",
            "Request body is not valid CSV: row 1 has 8 fields, the header has 7.",
        ),
        (
            f"{HEADER}\n1,2\n{LINE},",
            "Request body is not valid CSV: row 0 has 2 fields, the header has 7.",
        ),
        (
            f"{HEADER}\n{LINE}\n\n{LINE}",
            "Request body is not valid CSV: row 1 has 0 fields, the header has 7.",
        ),
        (
            f'{HEADER}\n{LINE}\n"7"{LINE[1:]}\n\n{LINE}',
            "Request body is not valid CSV: row 2 has 0 fields, the header has 7.",
        ),
        (
            f"{HEADER}\n{LINE}\n \n",
            "Request body is not valid CSV: row 1 has 1 fields, the header has 7.",
        ),
        (
            f'{HEADER}\n"secret',
            "Request body is not valid CSV: unexpected end of data.",
        ),
        (
            f'{HEADER}\n"secret"secret,1',
            "Request body is not valid CSV: ',' expected after '\"'.",
        ),
        (
            f'{HEADER}\n"{"s" * 131_073}",1',
            "Request body is not valid CSV: field larger than field limit (131072).",
        ),
    ],
    ids=str,
)  # fmt: skip
def test_what_is_no_csv_is_refused_with_the_reason(text: str, message: str) -> None:
    """Rows count from 0, and what stands there is not shown."""
    assert refuse_csv(text) == message


@pytest.mark.parametrize(
    "body",
    [b"id,x\n\xff,1", HEADER.encode("utf-16"), b"id,x\n\xed\xa0\x80,1", "id,ä".encode("latin-1")],
)
def test_a_csv_is_utf_8(body: bytes) -> None:
    """Nothing else is guessed."""
    assert refuse_csv(body) == "Request body is not valid CSV: it is not UTF-8."


def test_all_rows_of_a_csv_that_are_wrong_are_counted() -> None:
    """With the messages of a JSON array."""
    lines = [HEADER, LINE, "8,a,b,c,d,e,f", LINE, ",1e400,,,,,", LINE]
    with pytest.raises(InvalidPayload) as caught:
        parse("\n".join(lines))
    assert str(caught.value) == "2 of 5 rows are invalid."
    assert caught.value.errors == [
        {
            "row": 1,
            "message": "Invalid values: 'x' must be a number, 'y' must be a number or null,"
            " 'member' must be a boolean, 'paid' must be a boolean or null, 'color' must be one of"
            " 'red', 'green, light', 'NA', 'shape' must be one of 'round', '\"square\"',"
            r" 'two\nlines' or null",
        },
        {
            "row": 3,
            "message": "Invalid values: 'id' must be a string of at most 256 characters or an"
            " integer between -9007199254740991 and 9007199254740991, 'x' must be between -1e+15"
            " and 1e+15, 'member' must be a boolean, 'color' must be one of 'red', 'green, light',"
            " 'NA'",
        },
    ]


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


def test_many_rows_stay_in_order() -> None:
    """Across whatever chunks they are read in, with a wrong one anywhere."""
    lines = [f"{number},{number / 8},{'red' if number % 3 else 'NA'}" for number in range(1500)]
    text = "\n".join(["id,x,color", *lines])
    ids, columns = parse(text, X_AND_COLOR, 1500)
    assert ids == [str(number) for number in range(1500)]
    assert columns[0] == [number / 8 for number in range(1500)]
    assert columns[1] == ["red" if number % 3 else "NA" for number in range(1500)]
    for place in (0, 255, 256, 257, 1024, 1499):
        for wrong, message in (
            (f"{place},x,red", "1 of 1500 rows are invalid."),
            (
                f"{place},1",
                f"Request body is not valid CSV: row {place} has 2 fields, the header has 3.",
            ),
        ):
            with pytest.raises(InvalidPayload) as caught:
                parse(
                    "\n".join(["id,x,color", *lines[:place], wrong, *lines[place + 1 :]]),
                    X_AND_COLOR,
                    1500,
                )
            assert str(caught.value) == message
            assert [error["row"] for error in caught.value.errors] in ([], [place])


# CSV and JSON

NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
BOOLEANS = {
    "true": True,
    "True": True,
    "TRUE": True,
    "false": False,
    "False": False,
    "FALSE": False,
}


def to_json_value(field: str, type_: str) -> Any:
    """Return what JSON would have in a field's place, as the wire describes it."""
    if not field:
        return None
    if type_ == "number" and NUMBER.fullmatch(field):
        return float(field)
    return BOOLEANS.get(field, field) if type_ == "boolean" else field


plain_texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=4)
fields = {
    "number": st.one_of(
        st.floats(-2e3, 2e3).map(repr),
        st.floats(allow_nan=False, allow_infinity=False).map(repr),
        st.integers(-(10**16), 10**16).map(str),
        st.from_regex(r"[-+]?[0-9]{0,3}\.?[0-9]{0,3}([eE][-+]?[0-9]{1,2})?", fullmatch=True),
        st.sampled_from(["nan", "inf", "1_0", " 1", "1,5", "٣", "null", "0x1"]),
    ),
    "boolean": st.sampled_from(["true", "false", "True", "FALSE", "TRUE", "1", "tRue", "TRue"]),
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
    if rows and draw(st.booleans()):
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
    text = f"id,c\n{rest}"
    outcome: Any = None
    try:
        outcome = parse(text, RowValidator([Feature("c", "category", True, ("a", "b"))]), 100)
    except InvalidPayload as error:
        outcome = str(error)
    lines, reason = [], ""
    try:
        _, *lines = csv.reader(io.StringIO(text, newline=""), strict=True)
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
    elif wrong := [line for line in lines if not line[0] or line[1] not in ("a", "b", "")]:
        assert outcome == f"{len(wrong)} of {len(lines)} rows are invalid."
    else:
        assert outcome == ([line[0] for line in lines], [[line[1] or None for line in lines]])


# Answers as CSV


def test_predictions_as_csv() -> None:
    """`id,prediction`, or with three or more classes a column a class."""
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
    predictions: list[Any] = data.draw(
        st.lists(probability, min_size=len(ids), max_size=len(ids))  # type: ignore[arg-type]
    )
    answer = format_csv(received, predictions, classes).decode()
    _, *lines = csv.reader(io.StringIO(answer, newline=""), strict=True)
    assert [line[0] for line in lines] == ids
    values = [[p] if n_classes == 2 else list(p.values()) for p in predictions]
    assert [list(map(float, line[1:])) for line in lines] == values


if __name__ == "__main__":
    raise SystemExit(pytest.main([__file__]))
