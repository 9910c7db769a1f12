"""Tables as they lie there, CSV or Parquet: cut into blocks that a task reads by itself.

A CSV is cut at the ends of rows, of some megabytes each; a block of a Parquet file is one of its
row groups. Blocks are small enough to keep memory flat, however large the file is.
"""

import csv
import glob
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, BinaryIO, Literal

import pyarrow as pa
import pyarrow.parquet as pq

from app.helpers.errors import InvalidDataset
from app.helpers.payloads import read_lines
from app.models.csv_file import MAX_LINE_SIZE, open_csv
from app.utils.files import identify

STANDARD = "-"  # stands for stdin and stdout
BLOCK_SIZE = 4 * 1024 * 1024  # bytes
BATCH_ROWS = 32_768  # of a row group at a time: they and their scores stay in the cache
READ_SIZE = 1024 * 1024  # bytes of a column that are read at once
Format = Literal["csv", "parquet"]

# Of Arrow's allocators this one gives most back: 40 MB less a process, at the same speed.
pa.set_memory_pool(pa.system_memory_pool())


@dataclass(frozen=True)
class CsvBlock:
    """Whole rows of a CSV.

    Attributes
    ----------
    path : str
    start, size : int
        Where in the file, in bytes.
    data : bytes or None
        The rows themselves, of stdin, which cannot be read twice.
    """

    path: str
    start: int
    size: int
    data: bytes | None = None

    def read(self) -> bytes:
        """Return the rows; InvalidDataset if they are no longer there."""
        if self.data is not None:
            return self.data
        try:
            with open(self.path, "rb") as file:
                data = os.pread(file.fileno(), self.size, self.start)
        except OSError as error:
            raise InvalidDataset(f"{self.path!r} cannot be read: {error.strerror}.") from error
        if len(data) != self.size:
            raise InvalidDataset(f"{self.path!r} changed while it was read.")
        return data


@dataclass(frozen=True)
class ParquetBlock:
    """A row group of a Parquet file; `size` is its part of the file, in bytes."""

    path: str
    row_group: int
    size: int

    def read(self, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        """Yield the columns of these names, some rows at a time, at least once.

        Raises
        ------
        InvalidDataset
            If they cannot be read.
        """
        n_rows = 0
        try:
            with pq.ParquetFile(self.path, pre_buffer=False, buffer_size=READ_SIZE) as file:
                for batch in file.iter_batches(
                    BATCH_ROWS, [self.row_group], list(columns), use_threads=False
                ):
                    n_rows += batch.num_rows
                    yield batch
                if not n_rows:
                    schema = file.schema_arrow
                    yield pa.RecordBatch.from_pylist(
                        [], pa.schema([schema.field(name) for name in columns])
                    )
        except (OSError, pa.ArrowException) as error:
            raise InvalidDataset(f"{self.path!r} cannot be read: {_in_a_line(error)}.") from error


Block = CsvBlock | ParquetBlock


@dataclass(frozen=True)
class Table:
    """An open table.

    Attributes
    ----------
    names : tuple of str, shape (n_columns,)
    types : tuple, shape (n_columns,), or None
        The columns' Arrow types; a CSV has none.
    blocks : iterator of blocks
        At least one, though there be no rows.
    """

    names: tuple[str, ...]
    types: tuple[pa.DataType, ...] | None
    blocks: Iterator[Block]


def format_of(path: str) -> Format:
    """Return the format that a name tells; stdin and stdout are CSV."""
    extension = os.path.splitext(path)[1].lower()
    if path == STANDARD or extension == ".csv":
        return "csv"
    if extension in (".parquet", ".pq"):
        return "parquet"
    raise InvalidDataset(f"{path!r} must be called .csv or .parquet.")


def find_tables(source: str) -> list[str] | None:
    """Return the tables in a directory or that match a pattern, sorted; None for a single file."""
    if os.path.isdir(source):
        pattern = os.path.join(glob.escape(source), "*")
    elif not os.path.exists(source) and glob.has_magic(source):
        pattern = source
    else:
        return None
    found = []
    for path in sorted(filter(os.path.isfile, glob.glob(pattern))):
        try:
            format_of(path)
        except InvalidDataset:
            continue
        found.append(path)
    if not found:
        raise InvalidDataset(f"There is no .csv or .parquet file in {source!r}.")
    return found


@contextmanager
def open_table(path: str) -> Iterator[Table]:
    """Open a table for as long as its blocks are asked for.

    Raises
    ------
    InvalidDataset
        If it is no such file, or changes meanwhile.
    """
    if format_of(path) == "parquet":
        yield _open_parquet(path)
    elif path == STANDARD:
        yield _open_csv(sys.stdin.buffer, path)
    else:
        with open_csv(path) as file:
            before = identify(os.fstat(file.fileno()))
            yield _open_csv(file, path)
            try:
                changed = identify(os.stat(path)) != before  # blocks are read by the name
            except OSError:
                changed = True
            if changed:
                raise InvalidDataset(f"{path!r} changed while it was read.")


def _open_parquet(path: str) -> Table:
    open_csv(path).close()  # says in our words if it is no file
    try:
        with pq.ParquetFile(path) as file:
            schema, metadata = file.schema_arrow, file.metadata
    except (OSError, pa.ArrowException) as error:
        raise InvalidDataset(f"{path!r} cannot be read: {_in_a_line(error)}.") from error
    if metadata.num_row_groups == 0:
        raise InvalidDataset(f"{path!r} has no row groups.")
    size = os.path.getsize(path) // metadata.num_row_groups
    blocks = (ParquetBlock(path, i, size) for i in range(metadata.num_row_groups))
    return Table(tuple(schema.names), tuple(schema.types), blocks)


def _in_a_line(error: Exception) -> str:
    return " ".join(str(error).split()).rstrip(".")


def _open_csv(file: BinaryIO, path: str) -> Table:
    data, end = _read_first_row(file)
    try:
        header = tuple(next(read_lines(data[:end], 1), []))
    except (csv.Error, UnicodeDecodeError) as error:
        raise InvalidDataset(f"The header of {path!r} is not valid CSV: {error}.") from error
    if not header:
        raise InvalidDataset(f"{path!r} has no header.")
    return Table(header, None, _csv_blocks(file, path, end, data[end:]))


def _read_first_row(file: BinaryIO) -> tuple[bytes, int]:
    """Return the beginning of a file, and where its first row ends in there."""
    data = b""
    while line := file.readline(BLOCK_SIZE):
        data += line
        if end := next(row_ends(data), 0):
            return data, end
        if len(data) > MAX_LINE_SIZE:
            break
    return data, len(data)


def _csv_blocks(file: BinaryIO, path: str, start: int, rest: bytes) -> Iterator[CsvBlock]:
    empty = True
    for place, rows in cut_rows(file, BLOCK_SIZE, start, rest):
        yield CsvBlock(path, place, len(rows), rows if path == STANDARD else None)
        empty = False
    if empty:
        yield CsvBlock(path, start, 0, b"")


def cut_rows(
    file: BinaryIO, size: int, start: int = 0, rest: bytes = b""
) -> Iterator[tuple[int, bytes]]:
    """Yield pieces of some `size` bytes that end where rows do, each after the place it begins at.

    Together they are the file. None but the last ends with a blank row.

    Parameters
    ----------
    start, rest : int, bytes
        Where the first piece begins, and what was already read of it.

    Raises
    ------
    InvalidDataset
        If a row is longer than MAX_LINE_SIZE.
    """
    while chunk := file.read(size):
        data = rest + chunk
        end = _last_end(data)
        if end:
            yield start, data[:end]
        start, rest = start + end, data[end:]
        if len(rest) > max(size, MAX_LINE_SIZE):
            raise InvalidDataset(f"A row is longer than {MAX_LINE_SIZE} bytes.")
    if rest:
        yield start, rest


def _last_end(data: bytes) -> int:
    """Return where the last row that is surely whole ends, 0 if none is."""
    if b'"' in data:
        end = 0
        for end in row_ends(data):  # noqa: B007 - the last is wanted
            pass
    else:
        # A CR at the very end may be the first half of a line end.
        end = max(data.rfind(b"\n"), data.rfind(b"\r", 0, -1)) + 1
    while end and data[end - 1] in b"\r\n":  # blank rows may be the file's last
        end -= 1
    if not end:
        return 0
    return end + (2 if data[end : end + 2] == b"\r\n" else 1 if end < len(data) else 0)


def row_ends(data: bytes) -> Iterator[int]:
    """Yield where each row of a text ends, as the csv module sees its quotes.

    What is not valid is one row to the end of the text: its reader will say what is wrong.
    """
    end = 0

    def lines() -> Iterator[str]:
        nonlocal end
        for line in data.splitlines(keepends=True):
            end += len(line)
            yield line.decode(errors="replace")

    rows: Any = csv.reader(lines(), strict=True)
    try:
        for _ in rows:
            if data[end - 1] in b"\r\n" and (end < len(data) or data[end - 1] == ord("\n")):
                yield end
    except csv.Error as error:
        if "unexpected end of data" not in str(error):
            yield len(data)
