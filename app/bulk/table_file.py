"""Opens CSV and Parquet files as blocks, each of which a task can read alone.

A CSV is cut between rows into blocks of a few megabytes; a block of a Parquet file is one of its
row groups. Blocks are so small that memory stays flat, however large the file is.
"""

import glob
import itertools
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Literal

import pyarrow as pa
import pyarrow.parquet as pq

from app.bulk.csv_blocks import STANDARD, CsvBlock, open_csv_blocks
from app.helpers.errors import InvalidDataset
from app.store.manifest import Manifest
from app.tables.csv_file import open_csv
from app.tables.csv_layout import Layout

BATCH_ROWS = 32_768  # of a row group at a time: they and their scores stay in the cache
READ_SIZE = 1024 * 1024  # bytes of a column that are read at once
Format = Literal["csv", "parquet"]

# Of Arrow's allocators this one gives most back: 40 MB less a process, at the same speed.
pa.set_memory_pool(pa.system_memory_pool())


@dataclass(frozen=True)
class ParquetBlock:
    """A row group of a Parquet file.

    Attributes
    ----------
    path : str
    row_group : int
    size : int
        How much of the file it takes, in bytes.
    first : int
        The number of rows before this block.
    """

    path: str
    row_group: int
    size: int
    first: int = 0

    def read(self, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        """Yield batches of rows with these columns: at least one, even if there are no rows.

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
    blocks : callable
        Returns the rows as blocks: at least one block, even if there are no rows. If its argument
        is true, the rows are counted.
    layout : Layout
        Of a CSV.
    """

    names: tuple[str, ...]
    types: tuple[pa.DataType, ...] | None
    blocks: Callable[[bool], Iterator[Block]]
    layout: Layout = field(default_factory=Layout)


def format_of(path: str) -> Format:
    """Return the format that the name of a file ends with; stdin and stdout are CSV."""
    name = path.lower()
    if path == STANDARD or name.endswith((".csv", ".csv.gz")):
        return "csv"
    if name.endswith((".parquet", ".pq")):
        return "parquet"
    raise InvalidDataset(f"{path!r} must be called .csv or .parquet.")


def _find_tables(source: str) -> list[str] | None:
    """Return the sorted tables of a directory or a pattern; None if it is a single file."""
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


def pair_files(source: str, destination: str) -> dict[str, str]:
    """Return the file to write for each file to read; make the directory if necessary.

    Raises
    ------
    InvalidDataset
        If one is not a table, or a file cannot be written under its name.
    """
    paths = _find_tables(source)
    if paths is None:
        files = {source: destination}
    else:
        names = {path: os.path.basename(path).removesuffix(".gz") for path in paths}
        files = {path: os.path.join(destination, name) for path, name in names.items()}
        is_file = os.path.exists(destination) and not os.path.isdir(destination)
        if destination == STANDARD or is_file:
            raise InvalidDataset(f"{destination!r} is no directory; several files need one.")
        if len(set(files.values())) < len(files):
            raise InvalidDataset("Two of the files have the same name; score them one by one.")
    for path, written in files.items():
        format_of(path), format_of(written)
        if written.endswith(".gz"):
            raise InvalidDataset(f"{written!r} cannot be written; leave .gz out.")
        if path != STANDARD and os.path.realpath(path) == os.path.realpath(written):
            raise InvalidDataset(f"{path!r} cannot be both the input and the output.")
    if paths is not None:
        os.makedirs(destination, exist_ok=True)
    return files


@contextmanager
def open_table(path: str, manifest: Manifest) -> Iterator[Table]:
    """Open a table with rows for a version; its blocks can be read until the context ends.

    Raises
    ------
    InvalidDataset
        If it is not such a table, or changes while it is open.
    """
    if format_of(path) == "parquet":
        yield _open_parquet(path)
    else:
        with open_csv_blocks(path, manifest) as opened:
            yield Table(opened.names, None, opened.blocks, opened.layout)


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
    n_rows = [metadata.row_group(i).num_rows for i in range(metadata.num_row_groups)]
    firsts = itertools.accumulate(n_rows[:-1], initial=0)
    blocks = [ParquetBlock(path, i, size, first) for i, first in enumerate(firsts)]
    return Table(tuple(schema.names), tuple(schema.types), lambda numbered: iter(blocks))


def _in_a_line(error: Exception) -> str:
    return " ".join(str(error).split()).rstrip(".")
