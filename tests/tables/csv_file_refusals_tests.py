"""What is no CSV file is refused in one line, and nothing is written."""

import bz2
import gzip
import lzma
import os
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from app.tables import csv_file
from tests.support.csv_files import GOOD, csv_of, with_field, write_csv

NOT_UTF_8 = (
    "is not UTF-8; save the file as UTF-8 text, or name its encoding with --encoding, such as"
    " --encoding cp1252."
)
NO_ENCODING = "There is no encoding '{}'."

REFUSALS: dict[str, tuple[bytes, list[str], str]] = {
    "empty file": (b"", [], "The file is empty."),
    "byte order mark alone": (b"\xef\xbb\xbf", [], "The file is empty."),
    "blank first row": (b"\n" + csv_of(*GOOD), [], "Row 1 is blank; it must name the columns."),
    "header only": (b"x,target\n", [], "The file has no rows below its header."),
    "header and blank lines": (b"x,target\n\n\n", [], "The file has no rows below its header."),
    "colons": (
        csv_of(*GOOD).replace(b",", b":"),
        [],
        "The header has one column only, 'x:letter:target'; say what separates the columns with"
        " --delimiter.",
    ),
    "semicolons that are said to be commas": (
        csv_of(*GOOD).replace(b",", b";"),
        ["--delimiter", ","],
        "The header has one column only, 'x;letter;target'; say what separates the columns with"
        " --delimiter.",
    ),
    "duplicate names": (
        csv_of(["x", "y", "x", "target"]),
        [],
        "Columns 1 and 3 are both called 'x'.",
    ),
    "names that are the same but for blanks and normalization": (
        csv_of(["café", "y", "cafe\u0301 ", "y ", "target"]),
        [],
        "Columns 1 and 3 are both called 'cafe\u0301'. Columns 2 and 4 are both called 'y'.",
    ),
    "a row too short": (
        csv_of(*GOOD) + b"1,a\n",
        [],
        "Row 10 has 2 fields, the header has 3.",
    ),
    "a row too long": (
        csv_of(*GOOD[:3], [1, "a", "yes", ""], *GOOD[3:]),
        [],
        "Row 4 has 4 fields, the header has 3.",
    ),
    "a row too long after a quoted line end": (
        csv_of(GOOD[0], [1, "a\nb\nc", "yes"], [1, "a", "yes", 3]),
        [],
        "Row 3 has 4 fields, the header has 3.",
    ),
    "a blank row": (csv_of(*GOOD[:5]) + b"\r\n" + csv_of(*GOOD[5:]), [], "Row 6 is blank."),
    "Windows-1251": (
        with_field(4, 1, "Москва").decode().encode("cp1251"),
        [],
        f"Line 4 {NOT_UTF_8}",
    ),
    "Windows-1252 that is said to be UTF-8": (
        with_field(4, 1, "é").decode().encode("cp1252"),
        ["--encoding", "utf8"],
        "Line 4 is not UTF-8.",
    ),
    "cut within a character": (
        with_field(9, 2, "é").removesuffix(b"\n")[:-1],
        [],
        f"Line 9 {NOT_UTF_8}",
    ),
    "UTF-16 without a mark": (
        csv_of(*GOOD).decode().encode("utf-16-le"),
        [],
        "Line 1 has a NUL byte; save the file as UTF-8 text.",
    ),
    "UTF-16 that is cut": (
        csv_of(*GOOD).decode().encode("utf-16")[:-1],
        [],
        "Line 9 is not UTF-16; name the file's encoding with --encoding.",
    ),
    "no such encoding": (csv_of(*GOOD), ["--encoding", "klingon"], NO_ENCODING.format("klingon")),
    "an encoding of no text": (
        csv_of(*GOOD),
        ["--encoding", "\udcff"],
        NO_ENCODING.format("\\udcff"),
    ),
    "an encoding of bytes": (csv_of(*GOOD), ["--encoding", "rot13"], NO_ENCODING.format("rot13")),
    "a NUL byte": (
        with_field(5, 1, "a\0b"),
        [],
        "Line 5 has a NUL byte; save the file as UTF-8 text.",
    ),
    "an open quote": (
        csv_of(*GOOD[:4]) + b'1,"a,yes\n' + csv_of(*GOOD[4:]),
        [],
        "Row 5 is not valid CSV: its quoted field is never closed.",
    ),
    "text after a quote": (
        csv_of(*GOOD[:4]) + b'1,"a"b,yes\n' + csv_of(*GOOD[4:]),
        [],
        "Row 5 is not valid CSV: text follows a closing quote.",
    ),
    "an open quote before 20 million characters": (
        csv_of(*GOOD[:4]) + b'1,"a,yes\n' + b"1,a,yes\n" * 2_500_000,
        [],
        "Row 5 is not valid CSV: a field is longer than 16777216 characters.",
    ),
    "an open quote in the header": (
        b'x,"target\n1,2\n',
        [],
        "Row 1 is not valid CSV: its quoted field is never closed.",
    ),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_refuses_what_is_no_table(
    case: str, refused_training: Callable[..., str], tmp_path: Path
) -> None:
    """In one line, with nothing written and the old model intact."""
    content, options, message = REFUSALS[case]
    path = tmp_path / "refused.csv"
    path.write_bytes(content)
    assert refused_training(path, *options) == message


def make_fifo(path: Path) -> None:
    """Make a FIFO, which blocks whoever opens it carelessly."""
    os.mkfifo(path)


def make_zip(path: Path) -> None:
    """Make a ZIP, as spreadsheets are."""
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("table.csv", csv_of(*GOOD))


ARCHIVE = "is an archive or a spreadsheet, not a CSV."

FILES: dict[str, tuple[Callable[[Path], object], str]] = {
    "nothing": (lambda path: None, "cannot be read: No such file or directory."),
    "a directory": (Path.mkdir, "is a directory, not a file."),
    "a FIFO": (make_fifo, "is a pipe or a device; save it to a file first."),
    "a device": (
        lambda path: path.symlink_to(os.devnull),
        "is a pipe or a device; save it to a file first.",
    ),
    "a dangling link": (
        lambda path: path.symlink_to("nowhere"),
        "cannot be read: No such file or directory.",
    ),
    "a ZIP": (make_zip, ARCHIVE),
    "a gzipped ZIP": (
        lambda path: path.write_bytes(gzip.compress(b"PK\x03\x04" + csv_of(*GOOD))),
        ARCHIVE,
    ),
    "a gzip that is cut": (
        lambda path: path.write_bytes(gzip.compress(csv_of(*GOOD))[:-9]),
        "cannot be unpacked: it is damaged.",
    ),
    "a bzip2": (lambda path: path.write_bytes(bz2.compress(csv_of(*GOOD))), ARCHIVE),
    "an xz": (lambda path: path.write_bytes(lzma.compress(csv_of(*GOOD))), ARCHIVE),
}


@pytest.mark.parametrize("case", FILES)
def test_refuses_what_is_no_text_file(
    case: str, refused_training: Callable[..., str], tmp_path: Path
) -> None:
    """At once, whatever its name says."""
    make, message = FILES[case]
    path = tmp_path / "table.csv"
    make(path)
    assert refused_training(path) == f"'{path}' {message}"


def test_refuses_a_url(refused_training: Callable[..., str]) -> None:
    """Nothing is downloaded unasked."""
    message = "'https://example.org/data.csv' is a URL; download it first."
    assert refused_training("https://example.org/data.csv") == message


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is forbidden to root")
def test_refuses_what_may_not_be_read(refused_training: Callable[..., str], tmp_path: Path) -> None:
    """The system's reason is told."""
    path = write_csv(tmp_path / "table.csv", GOOD)
    path.chmod(0)
    assert refused_training(path) == f"'{path}' cannot be read: Permission denied."


def test_refuses_a_line_that_would_fill_the_memory(
    refused_training: Callable[..., str], tmp_path: Path
) -> None:
    """A file without line ends is not taken into memory to be looked at."""
    path = tmp_path / "line.csv"
    path.write_bytes(csv_of(*GOOD) + b"1" * (csv_file.MAX_LINE_SIZE + 2**20))
    assert refused_training(path) == "Line 10 is longer than 16777216 bytes."


def test_refuses_a_sparse_file_at_once(
    refused_training: Callable[..., str], tmp_path: Path
) -> None:
    """Twenty gigabytes of nothing are not read to their end."""
    path = tmp_path / "sparse.csv"
    with open(path, "wb") as file:
        file.truncate(20 * 2**30)
    assert refused_training(path) == "Line 1 has a NUL byte; save the file as UTF-8 text."
