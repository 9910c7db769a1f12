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
from typing import BinaryIO, Literal

import pyarrow as pa
import pyarrow.parquet as pq

from app.bulk.row_ends import cut_rows, row_ends
from app.helpers.errors import InvalidDataset
from app.helpers.payloads import read_lines
from app.tables.csv_file import MAX_LINE_SIZE, open_csv
from app.utils.files import identify

STANDARD = "-"  # stands for stdin and stdout
BLOCK_SIZE = 4 * 1024 * 1024  # bytes
BATCH_ROWS = 32_768  # of a row group at a time: they and their scores stay in the cache
READ_SIZE = 1024 * 1024  # bytes of a column that are read at once
PIECE_SIZE = 512 * 1024  # bytes of a CSV that are searched for the ends of rows: they stay, too
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
    """Yield a file's rows as blocks, at least one."""
    kept: list[bytes] = []
    size, is_first = 0, True
    for rows in cut_rows(file, PIECE_SIZE, rest):
        size += len(rows)
        if path == STANDARD:
            kept.append(bytes(rows))
        if size >= BLOCK_SIZE:
            yield CsvBlock(path, start, size, b"".join(kept) if path == STANDARD else None)
            start, size, is_first = start + size, 0, False
            kept.clear()
    if size or is_first:
        yield CsvBlock(path, start, size, b"".join(kept) if path == STANDARD else None)
