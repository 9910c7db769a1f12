"""A number as people write it: every sign that may stand in it, and what is none."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.tables.numbers import Number, read_number
from tests.support.numbers import UNITS, WrittenNumbers, written_numbers


@given(written_numbers())
def test_a_number_is_read_as_it_was_written(written: WrittenNumbers) -> None:
    """Its value, unit and separator, whatever signs stand around it."""
    for text, value in zip(written.texts, written.values, strict=True):
        number = read_number(text, written.decimal)
        assert number is not None
        assert (number.value, number.unit) == (value, written.unit)
        assert number.thousands in ("", written.thousands)


@pytest.mark.parametrize("decimal", [".", ","])
@pytest.mark.parametrize(
    "text",
    [
        *("", " ", "-", "+", ".", ",", "e5", "1e", "1_000", "0x10", "inf", "nan", "٣", "1,,5"),
        *(
            "1 2",
            "12 34",
            "1,23,456",
            "1.234.56",
            "1234,567,890",
            "1'00",
            "--5",
            "(5",
            "5)",
            "(-5)",
        ),
        *("$", "$$5", "$5$", "5 %%", "% 5", "5 apples", "EUR EUR 5", "1 000e3", "12:30", "5/7"),
    ],
)
def test_what_is_no_number_is_none(text: str, decimal: str) -> None:
    """With either mark."""
    assert read_number(text, decimal) is None


@pytest.mark.parametrize(
    ("text", "point", "comma"),
    [
        ("1.234", Number(1.234, "", ""), Number(1234.0, ".", "")),
        ("1,234", Number(1234.0, ",", ""), Number(1.234, "", "")),
        ("1.5", Number(1.5, "", ""), None),
        ("1,5", None, Number(1.5, "", "")),
        ("1.234.567", None, Number(1234567.0, ".", "")),
        ("1,234.5", Number(1234.5, ",", ""), None),
        ("0.123", Number(0.123, "", ""), Number(123.0, ".", "")),
        ("1 234", Number(1234.0, " ", ""), Number(1234.0, " ", "")),
        ("1’234", Number(1234.0, "'", ""), Number(1234.0, "'", "")),
        (".5", Number(0.5, "", ""), None),
        ("5.", Number(5.0, "", ""), None),
        ("1e3", Number(1000.0, "", ""), Number(1000.0, "", "")),
        ("1,5E+03", None, Number(1500.0, "", "")),
        ("-$ 5", Number(-5.0, "", "$"), Number(-5.0, "", "$")),
        ("$-5", Number(-5.0, "", "$"), Number(-5.0, "", "$")),
        ("$(5)", Number(-5.0, "", "$"), Number(-5.0, "", "$")),
        ("(5 %)", Number(-5.0, "", "%"), Number(-5.0, "", "%")),
        ("−5", Number(-5.0, "", ""), Number(-5.0, "", "")),
        ("+5", Number(5.0, "", ""), Number(5.0, "", "")),
        ("007", Number(7.0, "", ""), Number(7.0, "", "")),
    ],
)
def test_the_decimal_mark_decides(text: str, point: Number | None, comma: Number | None) -> None:
    """What a point and a comma mean; a text that one mark cannot read is no number with it."""
    assert (read_number(text, "."), read_number(text, ",")) == (point, comma)


@pytest.mark.parametrize("unit", UNITS)
def test_a_unit_may_stand_apart(unit: str) -> None:
    """With a blank of any kind between, before or after the number."""
    for blank in ("", " ", "\u00a0", "\u202f"):
        assert read_number(f"5{blank}{unit}", ".") == Number(5.0, "", unit)
        if unit != "%":
            assert read_number(f"{unit}{blank}5", ".") == Number(5.0, "", unit)


@given(st.text(max_size=8), st.sampled_from(".,"))
def test_any_text_is_a_finite_number_or_none(text: str, decimal: str) -> None:
    """Nothing else comes out, and nothing is raised."""
    number = read_number(text, decimal)
    assert number is None or math.isfinite(number.value)
