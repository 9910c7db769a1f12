"""Finds where the rows of a CSV end, and cuts a file there."""

import csv
from collections.abc import Iterator
from typing import Any, BinaryIO

from app.helpers.errors import InvalidDataset
from app.tables.csv_file import MAX_LINE_SIZE
from app.tables.csv_layout import has_blank_before_quote


def cut_rows(
    file: BinaryIO, size: int, rest: bytes = b"", delimiter: str = ","
) -> Iterator[memoryview]:
    """Yield pieces of about `size` bytes, each of which ends where a row does.

    Together they are the file. Only the last one can end with a blank row. A piece is a view of
    memory that the next piece overwrites: copy it if you need it longer.

    Parameters
    ----------
    rest : bytes
        What was already read of the first piece.

    Raises
    ------
    InvalidDataset
        If a row is longer than MAX_LINE_SIZE.
    """
    data, length = bytearray(rest), len(rest)
    while True:
        if len(data) < length + size:
            data = data[:length] + bytearray(2 * size)
        view = memoryview(data)
        n_read = file.readinto(view[length : length + size])  # type: ignore[attr-defined]
        if not n_read:
            break
        length += n_read
        end = _last_end(data, length, delimiter)
        if end:
            yield view[:end]
            length -= end
            view[:length] = view[end : end + length]
        if length > max(size, MAX_LINE_SIZE):
            raise InvalidDataset(f"A row is longer than {MAX_LINE_SIZE} bytes.")
    if length:
        yield view[:length]


def _last_end(data: bytearray, length: int, delimiter: str) -> int:
    """Return where the last complete row in the first `length` bytes ends; 0 if there is none."""
    if data.find(b'"', 0, length) >= 0:
        end = 0
        for end in row_ends(bytes(memoryview(data)[:length]), delimiter):  # noqa: B007 - the last is wanted
            pass
    else:
        # A CR at the very end may be the first half of a line end.
        end = max(data.rfind(b"\n", 0, length), data.rfind(b"\r", 0, length - 1)) + 1
    while end and data[end - 1] in b"\r\n":  # blank rows may be the file's last
        end -= 1
    if not end:
        return 0
    return end + (2 if data[end : min(end + 2, length)] == b"\r\n" else 1 if end < length else 0)


def row_ends(data: bytes, delimiter: str = ",") -> Iterator[int]:
    """Yield where each row of a text ends, as the csv module sees its quotes.

    From invalid CSV on, everything is one row: whoever reads it will say what is wrong.
    """
    end = 0

    def lines() -> Iterator[str]:
        nonlocal end
        for line in data.splitlines(keepends=True):
            end += len(line)
            yield line.decode(errors="replace")

    rows: Any = csv.reader(
        lines(),
        delimiter=delimiter,
        skipinitialspace=has_blank_before_quote(data, delimiter),
        strict=True,
    )
    try:
        for _ in rows:
            if data[end - 1] in b"\r\n" and (end < len(data) or data[end - 1] == ord("\n")):
                yield end
    except csv.Error as error:
        if "unexpected end of data" not in str(error):
            yield len(data)
