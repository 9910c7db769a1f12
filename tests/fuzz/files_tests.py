"""Files made up for the training command: each trains, or is refused in one line."""

import csv
import gzip
import io
import json
import os
import random
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.fuzz.judge import CASES
from tests.support.paths import ROOT

SEEDS = [path.read_bytes() for path in sorted((ROOT / "tests/tables/cases/csv").glob("*.csv"))]
FILES = max(20, CASES // 1000)  # of each kind
MAX_MEMORY = 300_000_000  # bytes, and ten times the file's own
TOKENS = [
    *(b"\0", b"\n", b"\r", b"\r\n", b"\t", b'"', b"'", b",", b";", b"|", b"#", b"sep=|\n", b"NA"),
    *(b"\xff\xfe", b"\xef\xbb\xbf", b"\xe9", b"\xc3\xa9", b"\xa0", b"1,5", b"1.234.567,8", b"$"),
    *(b"1e400", b"-0", b"9" * 400, b"nan", b"true", b"=1+1", b"(5)", b"12%", b"churned", b"yes"),
    *(b"2024-02-30", b"31/12/2023", b"\x1f\x8b\x08", b"PK\x03\x04", b" " * 300, b",,,,,,,,,"),
]
Make = Callable[[random.Random], bytes]


def random_bytes(source: random.Random) -> bytes:
    """Return bytes of any kind, or of those that tables are made of."""
    alphabet = source.choice([bytes(range(256)), b'ab01,;\t|"\n\r .-', b"churned,\n01yes"])
    return bytes(source.choices(alphabet, k=source.choice([0, 1, 10, 1000, 20_000])))


def random_table(source: random.Random) -> bytes:
    """Return a table of random columns, in a random dialect."""
    words = [*"abcdefgh", "größer", "New York", "", "NA", "?", "O'Neil", 'the "best"', "a;b", "a,b"]
    makers: list[Callable[[int], str]] = [
        lambda row: str(row),
        lambda row: f"{source.lognormvariate(3, 2):.2f}",
        lambda row: f"{source.lognormvariate(8, 2):,.2f}",
        lambda row: f"${source.randint(0, 10**6):,}",
        lambda row: f"{source.random() * 100:.1f}%",
        lambda row: f"{source.gauss(0, 9):.3f}".replace(".", ","),
        lambda row: source.choice(words),
        lambda row: f"{source.choice(words)} {row}",
        lambda row: " ".join(source.choices(words, k=8)),
        lambda row: source.choice(["true", "false", ""]),
        lambda row: source.choice(["Y", "N", "n/a"]),
        lambda row: f"{source.randint(2000, 2024)}-{source.randint(1, 12):02}-03",
        lambda row: f"{source.randint(1, 28)}.{source.randint(1, 12)}.{source.randint(1990, 2024)}",
        lambda row: f"0{source.randint(1000, 9999)}",
        lambda row: "",
        lambda row: source.choice(["1e300", "-1e-300", "12", "", "0x1F", "1_000", "٣"]),
    ]
    columns = source.choices(makers, k=source.randint(0, 8))
    target = source.choice(
        [*makers, lambda row: source.choice("ab"), lambda row: source.choice(["yes", "no", ""])]
    )
    text = io.StringIO()
    writer = csv.writer(
        text,
        delimiter=source.choice(",;\t|"),
        quoting=source.choice([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
        lineterminator=source.choice(["\n", "\r\n"]),
    )
    names = [source.choice(["", "x", "id", " Größe ", "a,b"]) + str(i) for i in range(len(columns))]
    writer.writerow([*names, "churned"])
    for row in range(source.choice([0, 1, 7, 40, 400])):
        writer.writerow([make(row) for make in (*columns, target)])
    return text.getvalue().encode(
        source.choice(["utf-8", "utf-8-sig", "utf-16", "cp1252"]), "replace"
    )


def changed_case(source: random.Random) -> bytes:
    """Return a good file with bytes changed, cut, repeated and put in."""
    data = source.choice(SEEDS)
    for _ in range(source.randint(1, 4)):
        at, size = source.randint(0, len(data)), source.choice([1, 2, 20, 300])
        match source.randrange(5):
            case 0:
                data = data[:at]
            case 1:
                data = data[:at] + data[at + size :]
            case 2:
                data = data[: at + size] + data[at:] * source.choice([1, 3])
            case 3:
                data = data[:at] + source.choice(TOKENS) + data[at:]
            case _:
                data = data.replace(source.choice(TOKENS), source.choice(TOKENS), 50)
    return data


def mixed_cases(source: random.Random) -> bytes:
    """Return the beginning of one good file with the end of another, line by line or not."""
    first, second = source.choices(SEEDS, k=2)
    if source.random() < 0.5:
        return first + second
    return first[: source.randint(0, len(first))] + second[source.randint(0, len(second)) :]


def packed_file(source: random.Random) -> bytes:
    """Return a gzipped file: good, cut short, damaged or with something behind it."""
    packed = gzip.compress(changed_case(source), mtime=0)
    at = source.randint(0, len(packed))
    return source.choice(
        [
            packed,
            packed[:at],
            packed[:at] + b"\xff" + packed[at + 1 :],
            packed + packed,
            packed + b"x",
        ]
    )


@pytest.mark.parametrize(
    "make", [random_bytes, random_table, changed_case, mixed_cases, packed_file]
)
def test_a_file_trains_or_is_refused_in_one_line(make: Make, tmp_path: Path) -> None:
    """Within bounds of memory; what nobody foresaw ends the process with its traceback."""
    source = random.Random(make.__name__)
    files = tmp_path / "files"
    files.mkdir()
    for number in range(FILES):
        ending = ".csv.gz" if make is packed_file else ".csv"
        (files / f"{number:06}{ending}").write_bytes(make(source))
    process = subprocess.run(
        [sys.executable, "-m", "tests.fuzz.train_files", str(files)],
        cwd=ROOT,
        env=os.environ
        | {"MODELS_ROOT": str(tmp_path / "models"), "MODEL_SIGNING_KEY": "k" * 40}
        | {"LOGS_ROOT": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    outcomes = [json.loads(line) for line in process.stdout.splitlines()]
    assert process.returncode == 0, f"file {len(outcomes)}: {process.stderr}"
    assert len(outcomes) == FILES
    largest = 0
    for name, exit_status, stderr, peak in outcomes:
        errors = [
            line for line in stderr.splitlines() if not line.startswith(("Note: ", "Warning: "))
        ]
        assert exit_status in (0, 2), (name, stderr)
        assert len(errors) == (exit_status == 2), (name, stderr)
        assert all(line.startswith("Error: ") for line in errors), (name, stderr)
        largest = max(largest, (files / name).stat().st_size * (20 if make is packed_file else 1))
        assert peak < MAX_MEMORY + 10 * largest, name
