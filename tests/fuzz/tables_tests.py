"""Tables written at random, and packed ones: each trains, or is refused in one line."""

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

CASE_FILES = [path.read_bytes() for path in sorted((ROOT / "tests/tables/cases/csv").glob("*.csv"))]
FILES = max(20, CASES // 1000)  # of each kind
MAX_MEMORY = 300_000_000  # bytes, and ten times the file's own
Make = Callable[[random.Random], bytes]


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
    target: Callable[[int], str] = source.choice(
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


def packed_file(source: random.Random) -> bytes:
    """Return a gzipped file: good, cut short, damaged or with something behind it."""
    packed = gzip.compress(source.choice(CASE_FILES), mtime=0)
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


@pytest.mark.parametrize("make", [random_table, packed_file])
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
