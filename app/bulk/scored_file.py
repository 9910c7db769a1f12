"""Writes the predictions for a table, and the invalid rows that were skipped."""

import csv
import io
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from app.bulk.checked_rows import InvalidRow
from app.bulk.csv_blocks import STANDARD
from app.bulk.parts import Part
from app.bulk.table_file import Format
from app.helpers.payloads import format_field
from app.utils.files import open_atomically

ROW_GROUP = 262_144  # rows that a Parquet file is written by: its writer holds one in memory
Write = Callable[[Any], object]


@contextmanager
def open_output(path: str, format_: Format, names: Sequence[str]) -> Iterator[Write]:
    """Open the output, which appears when it is complete; the function given writes to it.

    That function writes in another thread, so that the next block can be scored meanwhile.

    Raises
    ------
    OSError
        If it cannot be written.
    """
    header = (",".join(map(format_field, names)) + "\n").encode()
    if path == STANDARD:
        sys.stdout.buffer.write(header)
        with _in_a_thread(sys.stdout.buffer.write) as write:
            yield write
        sys.stdout.buffer.flush()
    elif format_ == "csv":
        with open_atomically(path) as file:
            file.write(header)
            with _in_a_thread(partial(_write_csv, file)) as write:
                yield write
    else:
        with (
            open_atomically(path) as file,
            _ParquetOutput(file) as output,
            _in_a_thread(output.write) as write,
        ):
            yield write


@contextmanager
def _in_a_thread(write: Write) -> Iterator[Write]:
    """Give a function that writes in another thread, after what was written before."""
    with ThreadPoolExecutor(1) as thread:
        running: Future[object] = thread.submit(int)

        def write_there(content: Any) -> None:
            nonlocal running
            running.result()
            running = thread.submit(write, content)

        yield write_there
        running.result()


def _write_csv(file: BinaryIO, content: bytes | Part) -> None:
    if isinstance(content, Part):
        content.move_to(file)
    else:
        file.write(content)


class _ParquetOutput:
    """Writes tables to a Parquet file with the schema of the first table."""

    def __init__(self, file: Any) -> None:
        self._file = file
        self._writer: Any = None

    def __enter__(self) -> "_ParquetOutput":
        return self

    def write(self, table: pa.Table) -> None:
        """Add a table's rows."""
        if self._writer is None:
            # What repeats: predictions have four places, ids are all different.
            repeating = [name for name in table.column_names if name != "id"]
            self._writer = pq.ParquetWriter(
                self._file, table.schema, use_dictionary=repeating, write_statistics=repeating
            )
        self._writer.write_table(table, ROW_GROUP)

    def __exit__(self, kind: object, *rest: object) -> None:
        if self._writer is not None and kind is None:
            self._writer.close()


@contextmanager
def open_invalid(path: str, names: Sequence[str]) -> Iterator[Callable[[int, InvalidRow], None]]:
    """Open a CSV for invalid rows; the function given writes a row after its number and reason."""
    with open_atomically(path) as file:
        text = io.TextIOWrapper(file, encoding="utf-8", newline="", write_through=True)
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(["row", "reason", *names])
        yield lambda number, row: writer.writerow([number, row.reason, *row.fields])
        text.detach()
