"""Notes on stderr: progress is shown on a terminal, and nowhere else."""

import os
import re
import select
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.settings import Settings
from app.tables import csv_file
from app.utils import notes
from tests.support.csv_files import write_csv
from tests.support.training import train


def on_terminal(path: Path, config: Settings, monkeypatch: pytest.MonkeyPatch) -> str:
    """Train with a terminal as stderr; return what it showed."""
    master, slave = os.openpty()
    with open(slave, "w") as terminal, monkeypatch.context() as patch:
        patch.setattr(sys, "stderr", terminal)
        train(str(path), "v0", config=config)
        terminal.flush()
        readable, _, _ = select.select([master], [], [], 0)
        shown = os.read(master, 65536) if readable else b""
    os.close(master)
    return shown.decode()


def clear_csv(directory: Path) -> Path:
    """Write a table that leaves nothing to be noted."""
    draw = np.random.default_rng(1)
    numbers = draw.normal(size=1000).round(3)
    classes = (numbers + draw.logistic(size=1000) > 0).astype(int)
    return write_csv(
        directory / "clear.csv", [["x", "target"], *zip(numbers, classes, strict=True)]
    )


def test_progress_is_shown_on_a_terminal_when_the_work_is_long(
    config: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    """A bar while reading, to its end, then a word; else nothing."""
    path = clear_csv(tmp_path)
    assert on_terminal(path, config, monkeypatch) == ""
    monkeypatch.setattr(notes, "LONG_FILE", 100)
    shown = on_terminal(path, config, monkeypatch)
    assert re.search(r"Reading +\[#+\] +100%", shown)
    assert shown.endswith("\r\nTraining …\r\n")
    with open(path, "a") as file:  # blank lines make the reading start over
        file.write("\n\n")
    monkeypatch.setattr(csv_file, "_CHUNK_SIZE", 1000)
    shown = on_terminal(path, config, monkeypatch)
    shares = [int(share) for share in re.findall(r"(\d+)%", shown)]
    assert shares == sorted(shares)
    assert shares[-1] == 100
    capsys.readouterr()
    train(str(path), "v0", config=config)
    assert capsys.readouterr().err == ""
