"""Opens a CSV and checks its layout: pandas would silently repair what is refused here.

Rows are counted as in a spreadsheet: the header is row 1, even if lines precede it. Messages about
text that cannot be divided into rows count lines, as an editor does.
"""

import csv
import io
import itertools
import os
import re
import stat
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, BinaryIO

from app.helpers.errors import InvalidDataset

FIRST_ROW = 2  # the header is row 1
MAX_LINE_SIZE = 16 * 1024 * 1024  # bytes; csv takes a line into memory before it looks at it
_CHUNK_SIZE = 1024 * 1024  # bytes
_CHUNK_ROWS = 65_536
_ARCHIVES = re.compile(
    rb"PK[\x03\x05]|\x1f\x8b|BZh[1-9]1AY|\xfd7zXZ|\x28\xb5\x2f\xfd|7z\xbc\xaf|Rar!\x1a"
)
_CSV_ERRORS = {
    "unexpected end of data": "its quoted field is never closed",
    "field larger than field limit": f"a field is longer than {MAX_LINE_SIZE} characters",
    "expected after '\"'": "text follows a closing quote",
}


def open_csv(path: str) -> BinaryIO:
    """Open a regular file that is not an archive.

    Raises
    ------
    InvalidDataset
        If it is anything else, or cannot be opened.
    """
    file = open_file(path)
    try:
        check_is_text(file, path)
    except InvalidDataset:
        file.close()
        raise
    return file


def open_file(path: str) -> BinaryIO:
    """Open a regular file; raise InvalidDataset if it is anything else or cannot be opened."""
    if "://" in path:
        raise InvalidDataset(f"{path!r} is a URL; download it first.")
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)  # a FIFO would block
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise InvalidDataset(f"{path!r} cannot be read: {reason}.") from error
    try:
        mode = os.fstat(descriptor).st_mode
        if stat.S_ISDIR(mode):
            raise InvalidDataset(f"{path!r} is a directory, not a file.")
        if not stat.S_ISREG(mode):
            raise InvalidDataset(f"{path!r} is a pipe or a device; save it to a file first.")
        return open(descriptor, "rb")
    except BaseException:
        os.close(descriptor)
        raise


def check_is_text(file: BinaryIO, path: str) -> None:
    """Refuse a file that begins like an archive."""
    if _ARCHIVES.match(os.pread(file.fileno(), 8, 0)):
        raise InvalidDataset(f"{path!r} is an archive or a spreadsheet, not a CSV.")


def check_bytes(file: BinaryIO) -> None:
    """Refuse a file that has a NUL byte or a line over MAX_LINE_SIZE."""
    line_number, line_size = 1, 0
    file.seek(0)
    while chunk := file.read(_CHUNK_SIZE):
        if (position := chunk.find(b"\0")) >= 0:
            line_number += chunk.count(b"\n", 0, position)
            raise InvalidDataset(f"Line {line_number} has a NUL byte; save the file as UTF-8 text.")
        last_end = max(chunk.rfind(b"\n"), chunk.rfind(b"\r"))
        line_size = len(chunk) - last_end - 1 + (line_size if last_end < 0 else 0)
        line_number += chunk.count(b"\n")
        if line_size > MAX_LINE_SIZE:
            raise InvalidDataset(f"Line {line_number} is longer than {MAX_LINE_SIZE} bytes.")


def read_first_row(file: BinaryIO, delimiter: str, start: int) -> list[str]:
    """Return the fields of the header, which begins at byte `start`."""
    with _csv_rows(file, delimiter, start) as rows:
        try:
            header: list[str] | None = next(rows, None)
        except csv.Error as error:
            raise _invalid_row(1, error) from error
    if header is None:
        raise InvalidDataset("The file is empty.")
    if not header:
        raise InvalidDataset("Row 1 is blank; it must name the columns.")
    return header


def count_rows(
    file: BinaryIO,
    n_columns: int,
    progress: Callable[[int], object],
    delimiter: str = ",",
    start: int = 0,
    n_named: int | None = None,
) -> int:
    """Return how many rows are below the header, all of them of `n_columns` fields.

    Blank rows at the end do not count.

    Parameters
    ----------
    file : binary file
        In UTF-8.
    progress : callable
        Told from time to time how many bytes have been read.
    start : int
        Where the header begins, in bytes.
    n_named : int, optional
        How many fields the header has, if not `n_columns`.
    """
    shape = file, n_columns, n_named or n_columns, delimiter, start
    return _count_plain_rows(progress, *shape) or _count_csv_rows(progress, *shape)


def _count_plain_rows(
    progress: Callable[[int], object],
    file: BinaryIO,
    n_columns: int,
    n_named: int,
    delimiter: str,
    start: int,
) -> int | None:
    """Return the number of rows if no field is quoted and no row is amiss, else None.

    Five times as fast as csv: what is left of such a file without its fields is always the same.
    """
    separator = delimiter.encode()
    if len(separator) > 1:
        return None
    field_bytes = bytes(set(range(256)) - set(separator + b'"\r\n'))
    file.seek(start)
    header = file.readline(MAX_LINE_SIZE)
    line_end = b"\r\n" if header.endswith(b"\r\n") else b"\n"
    if b"\r" in header.removesuffix(line_end) or header.count(separator) != n_named - 1:
        return None
    separators_of_row = separator * (n_columns - 1) + line_end
    n_rows = 0
    while chunk := file.read(_CHUNK_SIZE):
        chunk += file.readline(MAX_LINE_SIZE)
        if not chunk.endswith(b"\n"):  # the last row's may be missing
            chunk += line_end
        separators = chunk.translate(None, field_bytes)
        n_chunk_rows = len(separators) // len(separators_of_row)
        if separators != separators_of_row * n_chunk_rows:
            return None
        n_rows += n_chunk_rows
        progress(file.tell())
    return n_rows


def _count_csv_rows(
    progress: Callable[[int], object],
    file: BinaryIO,
    n_columns: int,
    n_named: int,
    delimiter: str,
    start: int,
) -> int:
    row_number = n_rows = 0
    lengths: list[int] = []
    with _csv_rows(file, delimiter, start) as rows:
        while True:
            lengths.clear()
            try:
                # Only the lengths are kept: a million lists at once would busy the garbage
                # collector. After an error they are those of the rows before it.
                lengths.extend(map(len, itertools.islice(rows, _CHUNK_ROWS)))
            except csv.Error as error:
                raise _invalid_row(row_number + len(lengths) + 1, error) from error
            if not lengths:
                break
            if not row_number and lengths[0] == n_named:
                lengths[0] = n_columns
            if n_rows < row_number or set(lengths) != {n_columns}:
                _check_lengths(lengths, row_number, n_columns, n_rows)
            row_number += len(lengths)
            n_rows += len(lengths) - lengths.count(0)
            progress(file.tell())
    if n_rows < FIRST_ROW:
        raise InvalidDataset("The file has no rows below its header.")
    return n_rows - 1


def _check_lengths(lengths: Sequence[int], row_number: int, n_columns: int, n_rows: int) -> None:
    """Refuse ragged rows among those after `row_number`, `n_rows` of which were not blank."""
    first_blank = n_rows + 1
    for number, n_fields in enumerate(lengths, start=row_number + 1):
        if n_fields and first_blank < number:
            raise InvalidDataset(f"Row {first_blank} is blank.")
        if n_fields not in (0, n_columns):
            raise InvalidDataset(f"Row {number} has {n_fields} fields, the header has {n_columns}.")
        first_blank += bool(n_fields)


@contextmanager
def long_fields() -> Iterator[None]:
    """In this context the csv module reads fields of up to MAX_LINE_SIZE characters."""
    before = csv.field_size_limit(MAX_LINE_SIZE)
    try:
        yield
    finally:
        csv.field_size_limit(before)


@contextmanager
def _csv_rows(file: BinaryIO, delimiter: str, start: int) -> Iterator[Any]:
    """Yield a csv reader from where the header begins."""
    file.seek(start)
    text = io.TextIOWrapper(file, encoding="utf-8", newline="")
    try:
        with long_fields():
            yield csv.reader(text, delimiter=delimiter, skipinitialspace=True, strict=True)
    finally:
        text.detach()  # else the file would be closed with it


def _invalid_row(number: int, error: csv.Error) -> InvalidDataset:
    reason = next((ours for theirs, ours in _CSV_ERRORS.items() if theirs in str(error)), error)
    return InvalidDataset(f"Row {number} is not valid CSV: {reason}.")
