"""The type of a column and how its values are written: training finds it, serving applies it.

`find_format` decides the type of a column from its distinct texts. `parse` then turns fields into
values; a field that does not have the type stays a text, which the schema will reject.
A new type of column is a branch in `find_format` and an entry in `_PARSERS`.
"""

import contextlib
import statistics
import unicodedata
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import orjson

from app.helpers.dates import DateType
from app.helpers.features import FeatureType, Format, Value
from app.tables.dates import DateFinding, DateOrder, find_dates, parse_date
from app.tables.numbers import Number, read_number

BOOLEANS: Mapping[str, bool] = {
    **dict.fromkeys(("true", "yes", "y", "t"), True),
    **dict.fromkeys(("false", "no", "n", "f"), False),
}
"""Words for a boolean, in lower case; any case counts."""

_WORDS = "na n/a n.a. n.a #n/a #na <na> nan -nan nat null (null) #null! none nil missing"
MISSING_TOKENS = frozenset(["", *_WORDS.split(), "?", "-", "--", "–", "—", ".", "..", "…", r"\n"])
"""What stands for a missing number or boolean, in lower case; any case counts."""

MIN_TEXT_WORDS = 4
"""If the median number of words is at least this, a column is free text, not categories."""

_PLAIN_CHARACTERS = b"0123456789+-.eE ,"


@dataclass(frozen=True)
class Finding:
    """What a column is, and what its texts mean.

    Attributes
    ----------
    type : str
        As `Feature.type`.
    format : Format
    values : list, shape (n_texts,)
        What each text means; None where it is missing.
    strays : sequence of int
        Positions of the texts that are not numbers (or dates), although most of the column is.
    is_code : bool
        Whether it is a category only because some of its digits begin with a zero.
    is_ambiguous : bool
        Whether nothing shows which part of its dates is the day and which is the month.
    """

    type: FeatureType
    format: Format
    values: Sequence[Value]
    strays: Sequence[int] = ()
    is_code: bool = False
    is_ambiguous: bool = False


def find_format(
    texts: Sequence[str],
    counts: Sequence[int],
    known: Format,
    orders: tuple[DateOrder | None, DateOrder | None] = (None, None),
) -> Finding:
    """Return what a column is.

    Parameters
    ----------
    texts, counts : shape (n_texts,)
        The distinct fields of the column, and the number of rows of each.
    known : Format
        What is known already: the file's decimal mark, and the user's tokens.
    orders : pair of "dmy", "mdy" or None
        Which part of a date comes first, as the user says, and as in the file's other columns.
    """
    trimmed = list(map(normalize, texts))
    gaps = bytearray(is_missing(text, known) for text in trimmed)  # there may be millions
    present, present_counts = trimmed, counts
    if any(gaps):
        present = [text for text, is_gap in zip(trimmed, gaps, strict=True) if not is_gap]
        present_counts = [count for count, is_gap in zip(counts, gaps, strict=True) if not is_gap]
    if not present:
        return Finding("number", known, [None] * len(texts))
    if _are_booleans(present):
        return Finding("boolean", known, parse(trimmed, "boolean", known))
    if _are_codes(present):
        return Finding("category", known, _to_categories(trimmed, known), is_code=True)
    places = (place for place, is_gap in enumerate(gaps) if not is_gap)
    if (dates := find_dates(present, present_counts, *orders)) is not None:
        return _of_dates(dates, trimmed, places, known)
    numbers = [read_number(text, known.decimal) for text in present]
    format_ = _most_common_format(numbers, present_counts, known)
    is_number = bytearray(number is not None and _agrees(number, format_) for number in numbers)
    n_rows = sum(count for count, agrees in zip(present_counts, is_number, strict=True) if agrees)
    if not n_rows or n_rows < sum(present_counts) / 2:
        del numbers  # there may be millions
        if _are_texts(present, sum(present_counts)):
            return Finding("text", known, parse(trimmed, "text", known))
        return Finding("category", known, _to_categories(trimmed, known))
    values: list[Value] = [None] * len(texts)
    strays = []
    for place, number, agrees in zip(places, numbers, is_number, strict=True):
        values[place] = number.value if number and agrees else trimmed[place]
        if not agrees:
            strays.append(place)
    return Finding("number", format_, _without_missing(values, format_), strays)


def _of_dates(
    found: DateFinding, trimmed: Sequence[str], places: Iterable[int], known: Format
) -> Finding:
    values: list[Value] = [None] * len(trimmed)
    strays = []
    for place, value in zip(places, found.values, strict=True):
        values[place] = trimmed[place] if value is None else value
        strays += [place] if value is None else []
    format_ = replace(known, date=found.format)
    return Finding(found.type, format_, values, strays, is_ambiguous=found.is_ambiguous)


def parse(fields: Sequence[str], type_: FeatureType, format_: Format) -> Sequence[Value]:
    """Return the values of a column's fields: None where one is missing.

    A field that is not of the type stays text.
    """
    return _PARSERS[type_](fields, format_)


def is_missing(text: str, format_: Format) -> bool:
    """Whether a normalized text stands for a missing number or boolean."""
    if text.lower() in MISSING_TOKENS:
        return text not in format_.present
    return text in format_.missing


def normalize(text: str) -> str:
    """Return a text without surrounding blanks, in Unicode normalization form C."""
    text = text.strip()
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def _to_categories(trimmed: Iterable[str], format_: Format) -> list[Value]:
    missing = {"", *format_.missing}
    return [None if text in missing else text for text in trimmed]


def _are_booleans(texts: Iterable[str]) -> bool:
    words: set[str] = set()
    for text in texts:
        words.add(text.lower())
        if not words <= BOOLEANS.keys():
            return False
    # A column of nothing but F is more likely a sex than a no.
    return len({BOOLEANS[word] for word in words}) == 2 or all(len(word) > 1 for word in words)


def _are_codes(texts: Collection[str]) -> bool:
    """Whether all texts are digits and some begin with a zero that a number would lose."""
    return any(text[0] == "0" and len(text) > 1 for text in texts) and all(
        text.isascii() and text.isdigit() for text in texts
    )


def _are_texts(texts: Collection[str], n_rows: int) -> bool:
    """Whether texts are free text: more than half of the rows differ, and they have many words."""
    return (
        2 * len(texts) > n_rows
        and statistics.median(len(text.split()) for text in texts) >= MIN_TEXT_WORDS
        and 2 * len(set(texts)) > n_rows  # last: of millions it takes much memory
    )


def _most_common_format(
    numbers: Iterable[Number | None], counts: Iterable[int], known: Format
) -> Format:
    units: Counter[str] = Counter()
    marks: Counter[str] = Counter()
    for number, count in zip(numbers, counts, strict=True):
        if number is not None:
            units[number.unit] += count if number.value else 0
            marks[number.thousands] += count
    del marks[""]  # numbers below a thousand have none
    unit, thousands = (most.most_common(1)[0][0] if most else "" for most in (units, marks))
    return replace(known, thousands=thousands, unit=unit)


def _agrees(number: Number, format_: Format) -> bool:
    """Whether a number is written as its column is; a zero needs no unit."""
    return number.thousands in ("", format_.thousands) and (
        number.unit == format_.unit or (not number.unit and not number.value)
    )


def missing_numbers(format_: Format) -> frozenset[float]:
    """Return the numbers that the user declared missing, however they are written."""
    numbers = [read_number(token, format_.decimal) for token in format_.missing]
    return frozenset(number.value for number in numbers if number)


def _without_missing(values: list[Value], format_: Format) -> list[Value]:
    missing = missing_numbers(format_) if format_.missing else ()
    return [None if value in missing else value for value in values] if missing else values


def _parse_numbers(fields: Sequence[str], format_: Format) -> Sequence[Value]:
    numbers = _parse_plain_numbers(fields, format_)
    if numbers is None:
        numbers = [_parse_number(normalize(field), format_) for field in fields]
    return _without_missing(numbers, format_)


def _parse_plain_numbers(fields: Sequence[str], format_: Format) -> list[Value] | None:
    """Return the numbers if all are written as in JSON: read at once, five times as fast."""
    n_fields = len(fields)
    if format_.decimal == ",":
        text = "\n".join(fields)
        if "." in text:
            return None
        fields = text.replace(",", ".").split("\n")
    data = ",".join(fields).encode()
    if data.translate(None, _PLAIN_CHARACTERS):
        return None
    if "" in fields:
        data = ",".join([field or "null" for field in fields]).encode()
    with contextlib.suppress(orjson.JSONDecodeError):  # JSON has no .5, no +1
        numbers: list[Value] = orjson.loads(b"[%b]" % data)
        if len(numbers) == n_fields:  # no field had a comma or a line end in it
            return numbers
    return None


def _parse_number(text: str, format_: Format) -> Value:
    if is_missing(text, format_):
        return None
    number = read_number(text, format_.decimal)
    if number is None or number.thousands not in ("", format_.thousands):
        # The plain form is accepted too, where the column's format says nothing else.
        number = read_number(text, ".")
        if number is None or number.thousands:
            return text
    return number.value if number.unit in ("", format_.unit) else text


def _parse_booleans(fields: Sequence[str], format_: Format) -> Sequence[Value]:
    values = {field: _parse_boolean(normalize(field), format_) for field in set(fields)}
    return [values[field] for field in fields]


def _parse_boolean(text: str, format_: Format) -> Value:
    if (value := BOOLEANS.get(text.lower())) is not None and text not in format_.missing:
        return value
    return None if is_missing(text, format_) else text


def _parse_categories(fields: Sequence[str], format_: Format) -> Sequence[Value]:
    missing = {"", *format_.missing}
    different = set(fields)  # often few
    if missing.isdisjoint(different) and different == {normalize(field) for field in different}:
        return fields
    values = {field: normalize(field) for field in different}
    return [None if (text := values[field]) in missing else text for field in fields]


def _parse_dates(fields: Sequence[str], format_: Format) -> Sequence[Value]:
    return _parse_different(fields, format_, "date")


def _parse_datetimes(fields: Sequence[str], format_: Format) -> Sequence[Value]:
    return _parse_different(fields, format_, "datetime")


def _parse_different(fields: Sequence[str], format_: Format, type_: DateType) -> Sequence[Value]:
    values: dict[str, Value] = {}  # different fields are often few
    for field in set(fields):
        text = normalize(field)
        missing = is_missing(text, format_)
        values[field] = None if missing else parse_date(text, type_, format_.date)
    return [values[field] for field in fields]


_PARSERS: Mapping[FeatureType, Callable[[Sequence[str], Format], Sequence[Value]]] = {
    "number": _parse_numbers,
    "boolean": _parse_booleans,
    "category": _parse_categories,
    "text": _parse_categories,
    "date": _parse_dates,
    "datetime": _parse_datetimes,
}
