"""Scoring whole files: what cannot be scored leaves one line, and no file."""

import errno
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from app.settings import Settings
from tests.support.paths import ROOT
from tests.support.scored_files import HEADER, some_rows, typed_table, write_text
from tests.support.training import Run


def test_refuses_in_one_line_what_it_cannot_score(run_scoring: Run, tmp_path: Path) -> None:
    """With exit status 2, and nothing written."""
    good = write_text(tmp_path / "in.csv", some_rows(3))
    out = tmp_path / "out.csv"
    pq.write_table(pa.table({"id": ["a"], "x": ["1"], "on": [1], "color": [1]}), tmp_path / "t.pq")
    pq.write_table(typed_table(2), tmp_path / "cut.parquet")
    with open(tmp_path / "cut.parquet", "r+b") as file:
        file.truncate(100)
    write_text(tmp_path / "short.csv", "id,x\n1,2\n")
    write_text(tmp_path / "empty.csv", "")
    write_text(tmp_path / "prediction.csv", "id,x,on,color,prediction\n1,2,,,3\n")
    write_text(tmp_path / "latin.csv", HEADER + "a,1,,red\n")
    (tmp_path / "latin.csv").write_bytes(HEADER.encode() + b"a,1,,red\nb,1,,\xe9\n")
    write_text(tmp_path / "quote.csv", HEADER + 'a,1,,red\nb,1,,"red\n')
    here = f"{tmp_path}/"
    refusals: list[tuple[list[str], str]] = [
        ([f"{here}no.csv", f"{out}"], f"'{here}no.csv' cannot be read: No such file or directory."),
        ([f"{here}in.txt", f"{out}"], f"'{here}in.txt' must be called .csv or .parquet."),
        ([f"{good}", f"{here}out.json"], f"'{here}out.json' must be called .csv or .parquet."),
        ([f"{good}", f"{good}"], f"'{good}' cannot be both the input and the output."),
        ([f"{here}*.tsv", here], f"There is no .csv or .parquet file in '{here}*.tsv'."),
        ([here, "-"], "'-' is no directory; several files need one."),
        ([here, f"{good}"], f"'{good}' is no directory; several files need one."),
        ([here, here], f"'{here}cut.parquet' cannot be both the input and the output."),
        ([f"{here}empty.csv", f"{out}"], f"'{here}empty.csv' has no header."),
        (
            [f"{here}short.csv", f"{out}"],
            f"'{here}short.csv': There is no column 'on', 'color'; there are 'id', 'x'.",
        ),
        (
            [f"{here}t.pq", f"{out}"],
            f"'{here}t.pq': Column 'x' is string; it must be a number.",
        ),
        (
            [f"{here}prediction.csv", f"{out}", "--keep"],
            f"'{here}prediction.csv': The output would have two columns 'prediction'; leave --keep"
            " out, or rename it.",
        ),
        ([f"{here}latin.csv", f"{out}"], f"'{here}latin.csv', row 3: It is not UTF-8."),
        (
            [f"{here}quote.csv", f"{out}"],
            f"'{here}quote.csv', row 3: It is not valid CSV: unexpected end of data.",
        ),
        (
            ["-", "-", "--invalid", "skip"],
            "Invalid rows go to a file beside the output; name a file for it.",
        ),
    ]
    before = sorted(os.listdir(tmp_path))
    for arguments, message in refusals:
        result = run_scoring(*arguments)
        assert (result.stderr, result.exit_code) == (f"Error: {message}\n", 2), arguments
    cut = run_scoring(tmp_path / "cut.parquet", out)
    assert cut.stderr.startswith(f"Error: '{here}cut.parquet' cannot be read: ")
    assert (cut.stderr.count("\n"), cut.exit_code) == (1, 2)
    assert sorted(os.listdir(tmp_path)) == before


def test_refuses_a_model_that_the_server_would_refuse(
    run_scoring: Run, mixed_config: Settings, tmp_path: Path
) -> None:
    """Unknown, not signed as this version, or no version at all."""
    good = write_text(tmp_path / "in.csv", some_rows(3))
    models = Path(mixed_config.models_root)
    (models / "trained-model-v7.p").write_bytes((models / "trained-model-v0.p").read_bytes())
    for version, message in [
        ("v9", "Trained model version 'v9' was not found."),
        (
            "v7",
            "Trained model version 'v7' cannot be used: it was not signed as v7 with a key of"
            " ours.",
        ),
        ("latest", "'latest' is not a valid version id; valid are v0, v1, v2 and so on."),
    ]:
        result = run_scoring(good, tmp_path / "out.csv", version=version)
        assert (result.stderr, result.exit_code) == (f"Error: {message}\n", 2)
    (models / "trained-model-v7.p").unlink()


def test_a_full_disk_leaves_nothing_but_a_line(
    run_scoring: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An older output stays as it was."""
    path, out = (
        write_text(tmp_path / "in.csv", some_rows(3)),
        write_text(tmp_path / "out.csv", "older"),
    )

    def fsync(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", fsync)
    result = run_scoring(path, out)
    assert (result.stderr, result.exit_code) == (
        f"Error: '{out}' cannot be written: No space left on device.\n",
        1,
    )
    assert (sorted(os.listdir(tmp_path)), out.read_text()) == (["in.csv", "out.csv"], "older")


@contextmanager
def as_process(config: Settings, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run the command in a process of its own."""
    names = ("models_root", "model_signing_key")
    # In the background of a shell SIGINT is ignored, here and by whatever is started from here.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        process = subprocess.Popen(
            [sys.executable, "-m", "app.models.score_file", *arguments],
            cwd=ROOT,
            env=os.environ | {name.upper(): getattr(config, name) for name in names},
            stdin=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
    finally:
        signal.signal(signal.SIGINT, before)
    with process:
        yield process


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_an_interrupted_run_leaves_nothing_but_a_line(
    mixed_config: Settings, tmp_path: Path, number: signal.Signals
) -> None:
    """In the middle of stdin."""
    with as_process(mixed_config, "-", str(tmp_path / "out.csv"), "v0") as process:
        assert process.stdin is not None
        # More than the pipe and its readers hold: once it is written, the run has begun.
        process.stdin.write(some_rows(400_000).encode())
        process.send_signal(number)
        _, said = process.communicate()
    assert said.decode() == "Interrupted; a file that was not complete is not there.\n"
    assert (process.returncode, os.listdir(tmp_path)) == (130, [])


def test_says_what_to_install_where_pyarrow_is_missing() -> None:
    """In one line; the server does without."""
    program = (
        "import sys, runpy; sys.modules['pyarrow'] = None;"
        "runpy.run_module('app.models.score_file', run_name='__main__')"
    )
    result = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True)
    assert result.stderr.decode() == (
        "Error: Scoring files needs pyarrow; install it with: pip install pyarrow\n"
    )
    assert result.returncode == 1
