"""What a column is: found out from its texts in training, applied to its fields in serving."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.helpers.features import Format
from app.tables.formats import find_format, parse
from tests.support.numbers import WrittenNumbers, written_numbers


def find(*texts: str, **known: Any) -> tuple[str, list[Any]]:
    """Return the type and the values of a column of these fields."""
    finding = find_format(texts, [1] * len(texts), Format(**known))
    assert not finding.strays
    assert list(parse(texts, finding.type, finding.format)) == list(finding.values)
    return finding.type, list(finding.values)


@pytest.mark.parametrize(
    ("texts", "kind", "values"),
    [
        ("1|2.5|-3e2", "number", [1.0, 2.5, -300.0]),
        (" 1 | 2\u00a0", "number", [1.0, 2.0]),
        ("0|1", "number", [0.0, 1.0]),
        ("1|NA|?|n/a|NULL|-|.|nan| |", "number", [1.0, *[None] * 9]),
        ("$1,234.50|$5|($7.25)|0", "number", [1234.5, 5.0, -7.25, 0.0]),
        ("12.5%|7 %|0", "number", [12.5, 7.0, 0.0]),
        ("yes|NO|Yes|", "boolean", [True, False, True, None]),
        ("T|F|na", "boolean", [True, False, None]),
        ("true|false|yes", "boolean", [True, False, True]),
        ("y|-|n", "boolean", [True, None, False]),
        ("F|", "category", ["F", None]),
        ("no|", "boolean", [False, None]),
        ("M|F", "category", ["M", "F"]),
        ("yes|no|maybe", "category", ["yes", "no", "maybe"]),
        ("01234|99999|", "category", ["01234", "99999", None]),
        ("0|10|20", "number", [0.0, 10.0, 20.0]),
        ("00.5|1.5", "number", [0.5, 1.5]),
        ("NA|red| red |none", "category", ["NA", "red", "red", "none"]),
        ("cafe\u0301|café", "category", ["café", "café"]),
        ("$5|€5|£5", "category", ["$5", "€5", "£5"]),
        ("1_0|0x1|inf", "category", ["1_0", "0x1", "inf"]),
    ],
)
def test_a_column_is_what_all_of_it_is(texts: str, kind: str, values: list[Any]) -> None:
    """Numbers, booleans or categories; what may mean missing does so where nothing else stands."""
    assert find(*texts.split("|")) == (kind, values)


@given(written_numbers(max_size=8))
def test_numbers_are_found_as_they_were_written(written: WrittenNumbers) -> None:
    """Format and values, and serving reads the same fields one by one."""
    finding = find_format(written.texts, [1] * len(written.texts), Format(decimal=written.decimal))
    if finding.is_code:  # nothing but zeros before the mark
        return
    assert finding.type == "number"
    assert finding.values == written.values
    for text, value in zip(written.texts, written.values, strict=True):
        assert parse([text], "number", finding.format) == [value]
        assert parse([f"  {text} "], "number", finding.format) == [value]


@pytest.mark.parametrize(
    ("texts", "strays"),
    [
        (["1", "2", "three"], [2]),
        (["1", "2", "NA", "1_0"], [3]),
        (["5%", "6%", "7"], [2]),
        (["5", "6", "7%"], [2]),
        (["$5", "$6", "€7"], [2]),
        (["1,000", "2,000", "3'000"], [2]),
    ],
)
def test_a_stray_text_among_numbers_is_told(texts: list[str], strays: list[int]) -> None:
    """Its place; most of the rows decide what the column is."""
    finding = find_format(texts, [1] * len(texts), Format())
    assert (finding.type, list(finding.strays)) == ("number", strays)


def test_rows_decide_and_not_different_texts() -> None:
    """Two numbers in most of the rows outweigh three texts in a few."""
    assert find_format(["1", "2", "a", "b", "c"], [50, 50, 1, 1, 1], Format()).strays == [2, 3, 4]
    assert find_format(["1", "2", "a", "b", "c"], [1, 1, 50, 50, 50], Format()).type == "category"


def test_the_users_tokens_are_missing_in_any_column() -> None:
    """A number among them is missing however it is written."""
    assert find("5", "-999", "-999.0", missing=("-999",)) == ("number", [5.0, None, None])
    assert find("red", "unknown", missing=("unknown",)) == ("category", ["red", None])
    assert find("yes", "no", "n", missing=("n",)) == ("boolean", [True, False, None])


def test_a_token_may_be_present() -> None:
    """Then it is a value, and a column of booleans with it is one of categories."""
    assert find("yes", "no", "NA", present=("NA",)) == ("category", ["yes", "no", "NA"])


@pytest.mark.parametrize(
    ("format_", "field", "value"),
    [
        (Format(), "1.5", 1.5),
        (Format(), "1,500", "1,500"),
        (Format(), "1,5", "1,5"),
        (Format(decimal=","), "1,5", 1.5),
        (Format(decimal=","), "1.5", 1.5),
        (Format(decimal=","), "1.234", 1.234),
        (Format(decimal=",", thousands="."), "1.234", 1234.0),
        (Format(decimal=",", thousands="."), "1.5", 1.5),
        (Format(decimal=",", thousands="."), "1234.5", 1234.5),
        (Format(unit="%"), "12.5", 12.5),
        (Format(unit="%"), "12.5 %", 12.5),
        (Format(unit="%"), "$12.5", "$12.5"),
        (Format(thousands=",", unit="$"), "$1,234.5", 1234.5),
        (Format(thousands=",", unit="$"), "1234.5", 1234.5),
        (Format(), "+.5", 0.5),
        (Format(), "NA", None),
        (Format(), "", None),
        (Format(), "  ", None),
        (Format(), "a", "a"),
        (Format(), "1\n2", "1\n2"),
        (Format(), "1,2", "1,2"),
        (Format(), "1e400", "1e400"),
    ],
)
def test_serving_takes_the_plain_form_too(format_: Format, field: str, value: Any) -> None:
    """Unless the column's format reads the same characters as another number."""
    assert parse([field], "number", format_) == [value]
    assert parse(["1", field], "number", format_) == [1.0, value]


@given(
    st.lists(st.one_of(st.floats(-1e15, 1e15).map(repr), st.just("")), max_size=9),
    st.sampled_from(".,"),
)
def test_many_plain_numbers_are_read_as_each_is(fields: list[str], decimal: str) -> None:
    """At once or one by one, to the last digit."""
    written = [field.replace(".", decimal) for field in fields]
    values = [float(field) if field else None for field in fields]
    assert list(parse(written, "number", Format(decimal=decimal))) == values


@given(
    st.lists(st.text(max_size=5)),
    st.sampled_from(["number", "boolean", "category"]),
    st.sampled_from([Format(), Format(decimal=","), Format(unit="%", missing=("5",))]),
)
def test_a_field_is_of_the_type_or_stays_text(
    fields: list[str], kind: Any, format_: Format
) -> None:
    """Whatever it holds; one field's value does not depend on the others."""
    values = list(parse(fields, kind, format_))
    types = {"number": (int, float, str), "boolean": (bool, str), "category": (str,)}[kind]
    assert all(value is None or isinstance(value, types) for value in values)
    assert values == [parse([field], kind, format_)[0] for field in fields]
