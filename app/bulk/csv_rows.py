"""A block of a CSV → rows, as the API reads a request of them.

pyarrow reads what is beyond doubt. Whatever it could take for something else than the API does (a
quote, a space at the edge of a field, a value that breaks the schema) is left to the API's own
reader: slower, and with a reason for each row that it refuses.
"""

import csv
import itertools
from collections.abc import Mapping, Sequence

import pyarrow as pa
import pyarrow.csv as arrow_csv

from app.bulk.checked_rows import (
    ARROW_TYPES,
    InvalidRow,
    Reading,
    Rows,
    check_quickly,
    find_invalid,
    take,
    valid_places,
)
from app.helpers.features import Feature
from app.helpers.payloads import BOOLEANS, convert_fields, format_field, read_lines
from app.helpers.validation import RowValidator


def read_csv_rows(data: bytes, validator: RowValidator, reading: Reading) -> Rows:
    """Return the rows of a CSV without its header."""
    rows = _read_quickly(data, validator.features, reading)
    return rows or _read_strictly(data, validator, reading)


def _read_quickly(data: bytes, features: Sequence[Feature], reading: Reading) -> Rows | None:
    """Return the rows if they are all valid beyond doubt."""
    if not data or b'"' in data or _has_outer_space(data) or not _is_utf8(data):
        return None
    types = {feature.name: ARROW_TYPES[feature.type] for feature in features}
    texts = dict.fromkeys((reading.id, *reading.keep), pa.string())
    try:
        if texts.keys() & types.keys():  # what is both is read twice
            typed = _parse(data, reading, types)
            return check_quickly(typed, _parse(data, reading, texts), features, reading)
        columns = _parse(data, reading, types | texts)
        return check_quickly(columns, columns, features, reading)
    except pa.ArrowInvalid:
        return None


def _has_outer_space(data: bytes) -> bool:
    """Whether a field may begin or end with a space or a tab, which pyarrow takes off numbers."""
    return any(
        data.startswith(space)
        or data.endswith(space)
        or any(
            separator in data and (space + separator in data or separator + space in data)
            for separator in (b",", b"\n", b"\r")
        )
        for space in (b" ", b"\t")
        if space in data
    )


def _is_utf8(data: bytes) -> bool:
    try:
        return data.isascii() or bool(data.decode())
    except UnicodeDecodeError:
        return False


def _parse(data: bytes, reading: Reading, types: Mapping[str, pa.DataType]) -> dict[str, pa.Array]:
    """Return the columns of some names and types."""
    places = _places(reading.names)
    table = arrow_csv.read_csv(
        pa.BufferReader(data),
        arrow_csv.ReadOptions(
            column_names=list(map(str, range(len(reading.names)))),  # a name may be there twice
            use_threads=False,  # the other cores are for other blocks
            block_size=len(data) + 1,
        ),
        arrow_csv.ParseOptions(quote_char=False, ignore_empty_lines=False),
        arrow_csv.ConvertOptions(
            column_types={str(places[name]): type_ for name, type_ in types.items()},
            include_columns=[str(places[name]) for name in types],
            null_values=[""],
            strings_can_be_null=True,
            true_values=[text for text, value in BOOLEANS.items() if value],
            false_values=[text for text, value in BOOLEANS.items() if not value],
        ),
    )
    return {name: table.column(str(places[name])).combine_chunks() for name in types}


def _places(names: Sequence[str]) -> dict[str, int]:
    """Return where each column is; of a name given twice the last counts, as in a request."""
    return {name: place for place, name in enumerate(names)}


def _read_strictly(data: bytes, validator: RowValidator, reading: Reading) -> Rows:
    lines, broken = _read_fields(data, reading.names)
    n_fields, places = len(reading.names), _places(reading.names)
    reasons = {
        number: f"It has {len(fields)} fields, the header has {n_fields}"
        for number, fields in enumerate(lines)
        if len(fields) != n_fields
    }
    if reasons and not reading.skip:  # it may have the first invalid row, or one before it
        first = min(reasons)
        lines, reasons = lines[: first + 1], {first: reasons[first]}
    even = [number for number in range(len(lines)) if number not in reasons]
    by_place = list(zip(*(lines[number] for number in even), strict=True)) or [()] * n_fields
    columns = {"id": convert_fields(by_place[places[reading.id]], "category")} | {
        feature.name: convert_fields(by_place[places[feature.name]], feature.type)
        for feature in validator.features
    }
    invalid = find_invalid(columns, validator, all_of_them=reading.skip)
    reasons |= {even[place]: reason for place, reason in invalid.items()}
    valid = valid_places(len(even), invalid, reading)
    return Rows(
        len(lines),
        pa.array(take(columns["id"], valid), pa.string()),
        [take(columns[feature.name], valid) for feature in validator.features],
        {name: pa.array(take(by_place[places[name]], valid), pa.string()) for name in reading.keep},
        [InvalidRow(number, reasons[number], lines[number]) for number in sorted(reasons)],
        broken,
    )


def _read_fields(data: bytes, header: Sequence[str]) -> tuple[list[list[str]], str]:
    """Return the fields of each row up to where they are no CSV, and why they are none."""
    lines: list[list[str]] = []
    # Behind the header, so that the block is read as a request of its rows would be.
    body = ",".join(map(format_field, header)).encode() + b"\n" + data
    try:
        for fields in itertools.islice(read_lines(body, len(body)), 1, None):
            lines.append(fields)  # noqa: PERF402 - those before an error stay
    except UnicodeDecodeError as error:
        place = error.start - (len(body) - len(data))
        end = max(data.rfind(b"\n", 0, place), data.rfind(b"\r", 0, place)) + 1
        return _read_fields(data[:end], header)[0], "It is not UTF-8"
    except csv.Error as error:
        return lines, f"It is not valid CSV: {error}"
    return lines, ""
