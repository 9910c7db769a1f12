"""Cuts a CSV between rows into blocks of a few megabytes, each of which a task can read alone."""

import csv
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from typing import BinaryIO

from app.bulk.row_ends import cut_rows, row_ends
from app.helpers.errors import InvalidDataset
from app.store.manifest import Manifest
from app.store.rows import make_validator, table_rules
from app.tables.csv_file import MAX_LINE_SIZE, open_file
from app.tables.csv_layout import HEAD_SIZE, Layout, find_layout, read_lines
from app.tables.csv_payload import known_names
from app.tables.csv_table import unpack
from app.tables.encoding import find_undecodable_line, recode
from app.utils.files import identify

STANDARD = "-"  # stands for stdin and stdout
BLOCK_SIZE = 4 * 1024 * 1024  # bytes
PIECE_SIZE = 512 * 1024  # bytes that are searched for the ends of rows: they stay in the cache


@dataclass(frozen=True)
class CsvBlock:
    """Whole rows of a CSV.

    Attributes
    ----------
    path : str
    start, size : int
        Where the rows are in the file, in bytes.
    data : bytes or None
        The rows themselves if they cannot be read from the file again: they came from stdin, or the
        file had to be unpacked or converted to UTF-8.
    first : int
        The number of rows before this block, if rows are numbered.
    """

    path: str
    start: int
    size: int
    data: bytes | None = None
    first: int = 0

    def read(self) -> bytes:
        """Return the rows; raise InvalidDataset if they can no longer be read."""
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
class OpenCsv:
    """An open CSV: its layout, the names of its columns, and its rows.

    Attributes
    ----------
    layout : Layout
    names : tuple of str, shape (n_columns,)
    blocks : callable
        Returns the rows as blocks: at least one block, even if there are no rows. If its argument
        is true, the rows are counted.
    """

    layout: Layout
    names: tuple[str, ...]
    blocks: "partial[Iterator[CsvBlock]]"


@contextmanager
def open_csv_blocks(path: str, manifest: Manifest) -> Iterator[OpenCsv]:
    """Open a CSV with rows for a version; its blocks can be read until the context ends.

    Raises
    ------
    InvalidDataset
        If it is not such a CSV, or changes while it is open.
    """
    with ExitStack() as stack:
        if path == STANDARD:
            raw = file = _standard_input(manifest, stack)
        else:
            raw = stack.enter_context(open_file(path))
            before = identify(os.fstat(raw.fileno()))
            file = unpack(raw, path, stack)
        file = _as_utf8(file, manifest, stack)
        yield _open(file, path, manifest, in_place=file is raw and path != STANDARD)
        if path == STANDARD:
            return
        try:
            changed = identify(os.stat(path)) != before  # blocks are read by the name
        except OSError:
            changed = True
        if changed:
            raise InvalidDataset(f"{path!r} changed while it was read.")


def _standard_input(manifest: Manifest, stack: ExitStack) -> BinaryIO:
    """Return stdin; copied to a temporary file if its encoding has to be detected."""
    if manifest.training_data.dialect.encoding == "utf-8":
        return sys.stdin.buffer
    file = stack.enter_context(tempfile.TemporaryFile())  # noqa: SIM115 - the stack closes it
    shutil.copyfileobj(sys.stdin.buffer, file)
    file.seek(0)
    return file


def _as_utf8(file: BinaryIO, manifest: Manifest, stack: ExitStack) -> BinaryIO:
    """Return a file in UTF-8, converted from the version's encoding if it is not in UTF-8."""
    encoding = manifest.training_data.dialect.encoding
    if encoding == "utf-8":
        return file
    if find_undecodable_line(file, "utf-8") is not None:
        file = stack.enter_context(recode(file, encoding))
    file.seek(0)
    return file


def _open(file: BinaryIO, path: str, manifest: Manifest, *, in_place: bool) -> OpenCsv:
    data = file.read(HEAD_SIZE)
    known = known_names(make_validator(manifest))
    layout = find_layout(data, table_rules(manifest), known)
    data, end = _read_first_row(file, data, layout)
    try:
        header = next(read_lines(data[layout.start : end], 1, layout.delimiter), [])
    except (csv.Error, UnicodeDecodeError) as error:
        raise InvalidDataset(f"The header of {path!r} is not valid CSV: {error}.") from error
    if not header:
        raise InvalidDataset(f"{path!r} has no header.")
    blocks = partial(_cut, file, path, end, data[end:], layout.delimiter, in_place)
    return OpenCsv(layout, tuple(layout.name(header)), blocks)


def _read_first_row(file: BinaryIO, data: bytes, layout: Layout) -> tuple[bytes, int]:
    """Return the beginning of a file, and the position where the header ends."""
    while True:
        if end := next(row_ends(data[layout.start :], layout.delimiter), 0):
            return data, layout.start + end
        more = file.read(HEAD_SIZE) if len(data) <= MAX_LINE_SIZE else b""
        if not more:
            return data, len(data)
        data += more


def _cut(
    file: BinaryIO,
    path: str,
    start: int,
    rest: bytes,
    delimiter: str,
    in_place: bool,
    numbered: bool,
) -> Iterator[CsvBlock]:
    kept: list[bytes] = []
    size, is_first, n_rows, n_new = 0, True, 0, 0

    def block() -> CsvBlock:
        return CsvBlock(path, start, size, None if in_place else b"".join(kept), n_rows)

    for rows in cut_rows(file, PIECE_SIZE, rest, delimiter):
        size += len(rows)
        if not in_place:
            kept.append(bytes(rows))
        if numbered:
            n_new += _count_rows(bytes(rows), delimiter)
        if size >= BLOCK_SIZE:
            yield block()
            start, size, is_first, n_rows, n_new = start + size, 0, False, n_rows + n_new, 0
            kept.clear()
    if size or is_first:
        yield block()


def _count_rows(rows: bytes, delimiter: str) -> int:
    """Return the number of rows; the last one may have no line end."""
    if b'"' in rows:
        n_ends, end = 0, 0
        for n_ends, end in enumerate(row_ends(rows, delimiter), start=1):  # noqa: B007
            pass
        return n_ends + (end < len(rows))
    n_ends = rows.count(b"\n") + rows.count(b"\r") - rows.count(b"\r\n")
    return n_ends + (not rows.endswith((b"\n", b"\r")))
