"""The dummy data in `data/raw`."""

import shutil
from pathlib import Path

import pandas as pd

from tests.support.paths import ROOT, TRAINING_CSV
from tests.support.training import run_python


def test_the_dummy_data_is_what_its_script_makes(tmp_path: Path) -> None:
    """Byte for byte: 10,000 rows, x_1 missing in some and nothing else in any."""
    shutil.copy(ROOT / "data/raw/make_training.py", tmp_path)
    assert run_python("make_training.py", cwd=tmp_path).returncode == 0
    assert (tmp_path / "training.csv").read_bytes() == Path(TRAINING_CSV).read_bytes()
    table = pd.read_csv(TRAINING_CSV)
    assert list(table) == ["x_1", "x_2", "x_3", "x_4", "target"]
    assert len(table) == 10_000
    assert table["x_1"].isna().sum() > 100
    assert table.drop(columns="x_1").notna().all(axis=None)
