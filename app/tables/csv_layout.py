"""Finds out how a CSV for a version is laid out: where its header is, and the column names.

The delimiter is that of the version's training file, or a comma if that suits the header better.
Only the header decides, so that one row is read in the same way as many.
"""

import csv
import io
import itertools
import re
from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from typing import Literal

from app.tables.columns import DEFAULT_ID
from app.tables.dialect import TableRules
from app.tables.formats import normalize
from app.tables.sniffing import find_preamble

HEAD_SIZE = 1024 * 1024  # bytes, in which the header and the row below it are to be found
PREAMBLE_SIZE = 256 * 1024  # bytes, in which it is to begin
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


@dataclass(frozen=True)
class Layout:
    """How a CSV is laid out.

    Attributes
    ----------
    start : int
        Where the header begins, in bytes.
    delimiter : str
    surplus : "", "first" or "last"
        Whether the rows have one field more than the header, and where.
    """

    start: int = 0
    delimiter: str = ","
    surplus: Literal["", "first", "last"] = ""

    def name(self, header: Sequence[str]) -> list[str]:
        """Return the names of the columns."""
        fields = [field.strip() for field in header]
        match self.surplus:
            case "first":
                fields = ["", *fields]
            case "last":
                fields = [*fields, ""]
        return name_unnamed(fields)


def name_unnamed(names: Sequence[str]) -> list[str]:
    """Return names of which none is empty.

    >>> name_unnamed(["", "age"])
    ['(unnamed column 1)', 'age']
    """
    return [name or f"(unnamed column {place})" for place, name in enumerate(names, start=1)]


def is_unnamed(name: str) -> bool:
    """Whether a column has no name in the file."""
    return name.startswith("(unnamed column ")


def find_layout(head: bytes, rules: TableRules, names: Collection[str]) -> Layout:
    """Return how a CSV is laid out.

    Parameters
    ----------
    head : bytes
        Its beginning, in UTF-8.
    rules : TableRules
    names : collection of str
        The columns that the header should have.
    """
    text_start = len(_BYTE_ORDER_MARK) if head.startswith(_BYTE_ORDER_MARK) else 0
    start = text_start
    if head[text_start : text_start + 1] in (b"#", b"s", b"S", b'"'):  # else there is no preamble
        text = head[text_start:PREAMBLE_SIZE].decode("utf-8", "surrogateescape")
        preamble = find_preamble(text, names)
        start += len(text[: preamble.size].encode("utf-8", "surrogateescape"))
        if preamble.delimiter:
            return _with_surplus(head[start:HEAD_SIZE], Layout(start, preamble.delimiter), rules)
    layouts = [
        _with_surplus(head[start:HEAD_SIZE], Layout(start, delimiter), rules)
        for delimiter in dict.fromkeys((rules.dialect.delimiter, ","))
    ]
    if len(layouts) == 1:
        return layouts[0]
    return max(layouts, key=lambda layout: _count_known(head[start:HEAD_SIZE], layout, names))


def find_id(names: Collection[str], rules: TableRules) -> str | None:
    """Return the column that holds the ids; None if there is none."""
    own = normalize(rules.id)
    default = DEFAULT_ID if DEFAULT_ID in names else None
    return next((name for name in names if normalize(name) == own), default)


def _count_known(rows: bytes, layout: Layout, names: Collection[str]) -> int:
    """Return how many of the expected columns the header has."""
    header = next(iter(_first_rows(rows, layout.delimiter)), [])
    return len({field.strip() for field in header}.intersection(names))


def _with_surplus(rows: bytes, layout: Layout, rules: TableRules) -> Layout:
    """Return the layout, adapted if the first row has one field more than the header."""
    header, first_row = [*_first_rows(rows, layout.delimiter), [], []][:2]
    if not header or len(first_row) != len(header) + 1:
        return layout
    if rules.dialect.row_names:
        return Layout(layout.start, layout.delimiter, "first")
    return layout if first_row[-1].strip() else Layout(layout.start, layout.delimiter, "last")


def _first_rows(rows: bytes, delimiter: str) -> list[list[str]]:
    """Return the header and the first row, as far as they can be read."""
    found: list[list[str]] = []
    with suppress(csv.Error):
        for row in itertools.islice(read_lines(_first_lines(rows), 1, delimiter), 2):
            found.append(row)  # noqa: PERF402 - those before an error stay
    return found


def _first_lines(rows: bytes) -> bytes:
    """Return what surely holds the first two rows."""
    match = _TWO_LINES.match(rows)
    lines = rows if match is None or b'"' in match[0] else match[0]
    return lines if lines.isascii() else lines.decode("utf-8", "replace").encode()


_TWO_LINES = re.compile(rb"[^\r\n]*+(?:\r\n|\n|\r)[^\r\n]*+")


def read_lines(rows: bytes, max_rows: int, delimiter: str = ",") -> Iterator[list[str]]:
    """Yield the fields of a CSV text's header and of at least its first `max_rows` rows.

    Raises
    ------
    UnicodeDecodeError, csv.Error
        If it is no CSV, the latter when the row is reached.
    """
    text = rows.decode("utf-8-sig").rstrip("\r\n")  # blank lines at the end are no rows
    if '"' in text:
        del text  # read from the bytes anew: a StringIO takes four bytes for each character
        quoted = io.BytesIO(rows.rstrip(b"\r\n"))
        return csv.reader(
            io.TextIOWrapper(quoted, "utf-8-sig", newline=""),
            delimiter=delimiter,
            skipinitialspace=has_blank_before_quote(rows, delimiter),
            strict=True,
        )
    # The same without quotes, in half the time.
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return (line.split(delimiter) if line else [] for line in text.split("\n", max_rows + 1))


def has_blank_before_quote(rows: bytes, delimiter: str) -> bool:
    """Whether blanks stand before a quote that begins a field, as in `1, "a"`."""
    return b' "' in rows and _blank_before_quote(delimiter).search(rows) is not None


@cache
def _blank_before_quote(delimiter: str) -> re.Pattern[bytes]:
    return re.compile(rb'(?:^|[\r\n]|%b) ++"' % re.escape(delimiter.encode()))
