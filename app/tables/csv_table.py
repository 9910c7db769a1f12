"""A CSV in any dialect, opened: as UTF-8, with its delimiter, its header and its first rows."""

import codecs
import gzip
import hashlib
import os
import tempfile
import unicodedata
import zlib
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import BinaryIO

from app.helpers.errors import InvalidDataset, quote
from app.tables.csv_file import check_bytes, check_is_text, open_file, read_first_row
from app.tables.csv_layout import name_unnamed
from app.tables.dialect import Dialect
from app.tables.encoding import (
    find_encoding,
    find_undecodable_line,
    has_utf_16_mark,
    recode,
)
from app.tables.sniffing import Preamble, find_delimiter, find_preamble, read_rows

HEAD_SIZE = 256 * 1024  # bytes; what the delimiter is decided from
MAX_UNPACKED_SIZE = 1024**3  # bytes that a .csv.gz may hold, or
MAX_UNPACKED_RATIO = 100  # times its own size, if that is more
_CHUNK_SIZE = 1024 * 1024
_GZIP_MAGIC = b"\x1f\x8b"


@dataclass(frozen=True)
class CsvTable:
    """An open CSV.

    Attributes
    ----------
    file : binary file
        The table in UTF-8.
    start : int
        Where the header begins in it, in bytes.
    names : tuple of str, shape (n_columns,)
        Trimmed, all different; a column without a name is called "(unnamed column 1)".
    n_named : int
        How many fields the header has; one less than there are columns in a table that R wrote
        with the names of its rows, or whose rows alone end with a delimiter.
    unnamed : frozenset of str
        Those of `names` that are not in the file.
    dialect : Dialect
        Its decimal mark is not known yet: the columns decide.
    preamble : Preamble
    head : list of list of str
        The first rows, without the header.
    is_whole : bool
        Whether these are all rows.
    sha256 : str
        Of the file as it lies there.
    """

    file: BinaryIO
    start: int
    names: tuple[str, ...]
    n_named: int
    unnamed: frozenset[str]
    dialect: Dialect
    preamble: Preamble
    head: list[list[str]]
    is_whole: bool
    sha256: str


@contextmanager
def open_table(
    path: str, encoding: str | None = None, delimiter: str | None = None
) -> Iterator[CsvTable]:
    """Open a CSV, plain or gzipped; detect the encoding and the delimiter if they are not given.

    Raises
    ------
    InvalidDataset
        If it is not such a file, or changes while it is open.
    """
    try:
        with ExitStack() as stack:
            raw = stack.enter_context(open_file(path))
            before = os.fstat(raw.fileno())
            file = unpack(raw, path, stack)
            is_checked = encoding is None and not has_utf_16_mark(file)
            if is_checked:
                check_bytes(file)  # first: of a huge file that is no text, little is read
            encoding = _check_encoding(file, encoding) if encoding else find_encoding(file)
            if encoding != "utf-8":
                file = stack.enter_context(recode(file, encoding))
            if encoding != "utf-8" or not is_checked:
                check_bytes(file)
            yield _read_head(file, encoding, delimiter, _digest(raw))
            after = os.fstat(raw.fileno())
    except OSError as error:
        raise InvalidDataset(f"{path!r} cannot be read: {error.strerror}.") from error
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
        raise InvalidDataset("The file changed while it was read.")


def _digest(file: BinaryIO) -> str:
    digest = hashlib.sha256()
    file.seek(0)
    while chunk := file.read(_CHUNK_SIZE):
        digest.update(chunk)
    return digest.hexdigest()


def unpack(raw: BinaryIO, path: str, stack: ExitStack) -> BinaryIO:
    """Return the file itself, or its unpacked content if it is gzipped."""
    if os.pread(raw.fileno(), len(_GZIP_MAGIC), 0) != _GZIP_MAGIC:
        check_is_text(raw, path)
        return raw
    most = max(MAX_UNPACKED_SIZE, MAX_UNPACKED_RATIO * os.fstat(raw.fileno()).st_size)
    file = stack.enter_context(tempfile.TemporaryFile())  # noqa: SIM115 - the stack closes it
    raw.seek(0)
    try:
        with gzip.GzipFile(fileobj=raw) as packed:
            while chunk := packed.read(_CHUNK_SIZE):
                file.write(chunk)
                if file.tell() > most:
                    raise InvalidDataset(
                        f"{path!r} unpacks to more than {most} bytes; unpack it first."
                    )
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise InvalidDataset(f"{path!r} cannot be unpacked: it is damaged.") from error
    file.flush()
    check_is_text(file, path)
    return file


def _check_encoding(file: BinaryIO, encoding: str) -> str:
    """Return the name of an encoding; UTF-8's only if the file is of it."""
    try:
        name = codecs.lookup(encoding).name
        "".encode(name)  # LookupError if it is one of those between bytes and bytes
        codecs.getincrementaldecoder(name)
    except (LookupError, UnicodeError) as error:  # the name may be no valid text itself
        raise InvalidDataset(f"There is no encoding {quote(encoding)}.") from error
    if name not in ("utf-8", "utf-8-sig", "ascii"):
        return name
    if line := find_undecodable_line(file, "utf-8"):
        raise InvalidDataset(f"Line {line} is not UTF-8.")
    return "utf-8"


def _read_head(file: BinaryIO, encoding: str, delimiter: str | None, sha256: str) -> CsvTable:
    file.seek(0)
    data = file.read(HEAD_SIZE)
    is_whole = len(data) < HEAD_SIZE
    data = data if is_whole else data[: max(data.rfind(b"\n"), data.rfind(b"\r")) + 1] or data
    text = data.decode("utf-8", "ignore")  # a line longer than the head may be cut anywhere
    mark = "\ufeff" if text.startswith("\ufeff") else ""
    preamble = find_preamble(text.removeprefix(mark))
    start = len(mark) + preamble.size
    head = text[start:]
    delimiter = delimiter or preamble.delimiter or find_delimiter(head, is_whole)
    start_byte = len(text[:start].encode())
    fields = read_first_row(file, delimiter, start_byte)
    rows = read_rows(head, delimiter, is_whole)[0][1:]
    names, n_named, unnamed = _name_columns(fields, rows)
    row_names = n_named < len(names) and names[0] in unnamed
    return CsvTable(
        file,
        start_byte,
        names,
        n_named,
        unnamed,
        Dialect(encoding, delimiter, row_names=row_names),
        preamble,
        rows,
        is_whole,
        sha256,
    )


def _name_columns(
    fields: Sequence[str], rows: Sequence[Sequence[str]]
) -> tuple[tuple[str, ...], int, frozenset[str]]:
    """Return the names of the columns, how many the header names, and which it does not."""
    given = [field.strip() for field in fields]
    n_named = len(given)
    if rows and all(len(row) == n_named + 1 for row in rows):
        if not any(row[-1].strip() for row in rows):
            given = [*given, ""]
        elif len({row[0] for row in rows}) == len(rows):
            given = ["", *given]
    if len(given) == 1:
        raise InvalidDataset(
            f"The header has one column only, {quote(given[0])}; say what separates the columns"
            " with --delimiter."
        )
    names = name_unnamed(given)
    unnamed = {name for name, field in zip(names, given, strict=True) if not field}
    first: dict[str, int] = {}
    twins = []
    for number, name in enumerate(names, start=1):
        if (place := first.setdefault(unicodedata.normalize("NFC", name), number)) != number:
            twins.append(f"Columns {place} and {number} are both called {quote(name)}.")
    if twins:
        raise InvalidDataset(" ".join(twins[:10]))
    return tuple(names), n_named, frozenset(unnamed)
