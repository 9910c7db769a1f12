"""Reads the rows in a block of a CSV, exactly as the API reads them in a request.

pyarrow reads simple blocks. If it could understand a block differently than the API does (because
of a quote, a space at the edge of a field, a currency sign or a value that breaks the schema), then
the API's own reader reads it. That is slower, and gives a reason for each invalid row.
"""

import csv
import itertools
from collections.abc import Collection, Iterable, Mapping, Sequence

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as arrow_csv

from app.bulk.checked_rows import (
    ARROW_TYPES,
    InvalidRow,
    Reading,
    Rows,
    check_quickly,
    find_invalid,
    number_rows,
    take,
    valid_places,
)
from app.helpers.features import Feature, with_parts
from app.helpers.validation import RowValidator
from app.tables.csv_layout import read_lines
from app.tables.csv_payload import find_ragged, read_column, read_ids
from app.tables.formats import (
    BOOLEANS,
    MISSING_TOKENS,
    is_missing,
    missing_numbers,
    normalize,
    parse,
)

_PARSED = ("number", "boolean")  # the types that pyarrow makes of text


def read_csv_rows(data: bytes, validator: RowValidator, reading: Reading, first: int = 0) -> Rows:
    """Return the rows of a block; `first` is the number of its first row in the file."""
    rows = _read_quickly(data, validator.features, reading, first)
    return rows or _read_strictly(data, validator, reading, first)


def _read_quickly(
    data: bytes, features: Sequence[Feature], reading: Reading, first: int
) -> Rows | None:
    """Return the rows if they are certainly all valid, otherwise None."""
    delimiter = reading.layout.delimiter.encode()
    if (
        not data
        or b'"' in data
        or len(delimiter) > 1
        or reading.layout.surplus == "last"
        or _has_outer_space(data, delimiter)
        or not _is_utf8(data)
    ):
        return None
    types = {feature.name: ARROW_TYPES[feature.type] for feature in features}
    texts = dict.fromkeys((*((reading.id,) if reading.id else ()), *reading.keep), pa.string())
    words = _Words(features)
    try:
        if texts.keys() & types.keys():  # what is both is read twice
            typed, as_text = (_parse(data, reading, each, words) for each in (types, texts))
        else:
            typed = as_text = _parse(data, reading, types | texts, words)
    except pa.ArrowInvalid:
        return None
    columns = {feature.name: _as_read(typed[feature.name], feature) for feature in features}
    kept = {name: _without_empty(as_text[name]) for name in texts}
    if reading.id:
        ids = kept[reading.id]
    else:
        ids = number_rows(first, len(next(iter(columns.values())))).cast(pa.string())
    return check_quickly(columns, kept, features, reading, ids)


def _has_outer_space(data: bytes, delimiter: bytes) -> bool:
    """Whether a field may begin or end with a space or a tab, which pyarrow strips from numbers."""
    return any(
        data.startswith(space)
        or data.endswith(space)
        or any(
            separator in data and (space + separator in data or separator + space in data)
            for separator in (delimiter, b"\n", b"\r")
        )
        for space in (b" ", b"\t")
        if space in data and space != delimiter
    )


def _is_utf8(data: bytes) -> bool:
    try:
        return data.isascii() or bool(data.decode())
    except UnicodeDecodeError:
        return False


class _Words:
    """The words for missing values, true and false, in their usual spellings.

    pyarrow uses the same words for all columns, so these are the words that mean the same in all.
    """

    def __init__(self, features: Iterable[Feature]) -> None:
        formats = {feature.format for feature in features if feature.type in _PARSED}
        marks = {feature.format.decimal for feature in features if feature.type == "number"}
        tokens = {*MISSING_TOKENS, *(token for format_ in formats for token in format_.missing)}
        self.missing = [
            word
            for word in ("NaN", *_spellings(tokens))
            if all(is_missing(word, format_) for format_ in formats)
        ]
        words = [
            word
            for word in _spellings(BOOLEANS)
            if not any(word in format_.missing for format_ in formats)
        ]
        self.true = [word for word in words if BOOLEANS[word.lower()]]
        self.false = [word for word in words if not BOOLEANS[word.lower()]]
        self.decimal = marks.pop() if len(marks) == 1 else "."


def _spellings(words: Iterable[str]) -> list[str]:
    spelled = ((word, word.lower(), word.upper(), word.title()) for word in words)
    return sorted(set(itertools.chain.from_iterable(spelled)))


def _parse(
    data: bytes, reading: Reading, types: Mapping[str, pa.DataType], words: _Words
) -> dict[str, pa.Array]:
    """Return the columns named in `types`, as these types."""
    places = _places(reading.names)
    table = arrow_csv.read_csv(
        pa.BufferReader(data),
        arrow_csv.ReadOptions(
            column_names=list(map(str, range(len(reading.names)))),  # a name may be there twice
            use_threads=False,  # the other cores are for other blocks
            block_size=len(data) + 1,
        ),
        arrow_csv.ParseOptions(
            delimiter=reading.layout.delimiter, quote_char=False, ignore_empty_lines=False
        ),
        arrow_csv.ConvertOptions(
            column_types={str(places[name]): type_ for name, type_ in types.items()},
            include_columns=[str(places[name]) for name in types],
            null_values=words.missing,
            strings_can_be_null=False,
            true_values=words.true,
            false_values=words.false,
            decimal_point=words.decimal,
        ),
    )
    return {name: table.column(str(places[name])).combine_chunks() for name in types}


def _as_read(column: pa.Array, feature: Feature) -> pa.Array:
    """Return a column as the format of its feature says, which pyarrow does not know."""
    if feature.type == "category":
        return _normalized(column, {"", *feature.format.missing})
    if feature.type == "text":
        return pa.array(_read_texts(column.to_pylist(), {"", *feature.format.missing}), pa.string())
    if feature.parts:
        texts = parse(column.dictionary.to_pylist(), feature.type, feature.format)
        return pa.DictionaryArray.from_arrays(column.indices, pa.array(texts, pa.string()))
    missing = missing_numbers(feature.format) if feature.type == "number" else ()
    if not missing:
        return column
    is_token = pc.is_in(column, pa.array(sorted(missing), pa.float64()))
    return pc.if_else(is_token, None, column)


def _normalized(column: pa.DictionaryArray, missing: Collection[str]) -> pa.DictionaryArray:
    """Return a column of categories with normalized texts; those that mean missing become null."""
    texts = column.dictionary.to_pylist()
    read = _read_texts(texts, missing)
    if read == texts:
        return column
    return pa.DictionaryArray.from_arrays(column.indices, pa.array(read, pa.string()))


def _read_texts(fields: Iterable[str], missing: Collection[str]) -> list[str | None]:
    return [None if (text := normalize(field)) in missing else text for field in fields]


def _without_empty(column: pa.Array) -> pa.Array:
    """Return a column of texts in which empty texts are null."""
    is_empty = pc.equal(column, "")
    return pc.if_else(is_empty, None, column) if pc.any(is_empty).as_py() else column


def _places(names: Sequence[str]) -> dict[str, int]:
    """Return the position of each column; if a name occurs twice, the last one, as in a request."""
    return {name: place for place, name in enumerate(names)}


def _read_strictly(data: bytes, validator: RowValidator, reading: Reading, first: int) -> Rows:
    lines, broken = _read_fields(data, reading.layout.delimiter)
    places, n_columns = _places(reading.names), len(reading.names)
    n_named = n_columns - (reading.layout.surplus == "last")
    reasons = {
        number: f"It has {len(fields)} fields, the header has {n_named}"
        for number, fields in enumerate(lines)
        if find_ragged([fields], reading.layout, n_columns) is not None
    }
    if reasons and not reading.skip:  # it may have the first invalid row, or one before it
        wrong = min(reasons)
        lines, reasons = lines[: wrong + 1], {wrong: reasons[wrong]}
    even = [number for number in range(len(lines)) if number not in reasons]
    by_place = list(zip(*(lines[number] for number in even), strict=True)) or [()] * n_columns
    ids = read_ids(by_place[places[reading.id]]) if reading.id else [str(first + i) for i in even]
    columns = {"id": ids} | {
        feature.name: read_column(by_place[places[feature.name]], feature)
        for feature in validator.features
    }
    invalid = find_invalid(columns, validator, all_of_them=reading.skip)
    reasons |= {even[place]: reason for place, reason in invalid.items()}
    valid = valid_places(len(even), invalid, reading)
    return Rows(
        len(lines),
        pa.array(take(columns["id"], valid), pa.string()),
        with_parts(
            {feature.name: take(columns[feature.name], valid) for feature in validator.features},
            validator.features,
        ),
        {name: pa.array(take(by_place[places[name]], valid), pa.string()) for name in reading.keep},
        [InvalidRow(number, reasons[number], lines[number]) for number in sorted(reasons)],
        broken,
    )


def _read_fields(data: bytes, delimiter: str) -> tuple[list[list[str]], str]:
    """Return the fields of each row up to the first that is not valid CSV, and why it is not."""
    lines: list[list[str]] = []
    body = b"header\n" + data  # so that the block is read as a request of its rows would be
    try:
        for fields in itertools.islice(read_lines(body, len(body), delimiter), 1, None):
            lines.append(fields)  # noqa: PERF402 - those before an error stay
    except UnicodeDecodeError as error:
        place = error.start - (len(body) - len(data))
        end = max(data.rfind(b"\n", 0, place), data.rfind(b"\r", 0, place)) + 1
        return _read_fields(data[:end], delimiter)[0], "It is not UTF-8"
    except csv.Error as error:
        return lines, f"It is not valid CSV: {error}"
    return lines, ""
