"""The example data is what the script beside it makes."""

import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd

from tests.support.paths import ROOT

RAW = ROOT / "data/raw"


def test_the_customers_are_what_their_script_makes(tmp_path: Path) -> None:
    """Byte for byte: 400 rows, zip codes with a leading zero, and an age missing in some."""
    shutil.copy(RAW / "make_customers.py", tmp_path)
    subprocess.run([sys.executable, "make_customers.py"], cwd=tmp_path, check=True)
    made = tmp_path / "customers.csv"
    assert made.read_bytes() == (RAW / "customers.csv").read_bytes()
    table = pd.read_csv(made, dtype={"zip_code": str})
    assert len(table) == 400
    assert table["customer_id"].is_unique
    assert set(table["zip_code"].str[0]) == {"0"}
    assert list(table.columns[table.isna().any()]) == ["age"]
    assert set(table["churned"]) == {"yes", "no"}


def test_the_houses_are_what_their_script_makes(tmp_path: Path) -> None:
    """Byte for byte: 400 rows with prices in whole hundreds, and a year missing in some."""
    shutil.copy(RAW / "make_houses.py", tmp_path)
    subprocess.run([sys.executable, "make_houses.py"], cwd=tmp_path, check=True)
    made = tmp_path / "houses.csv"
    assert made.read_bytes() == (RAW / "houses.csv").read_bytes()
    table = pd.read_csv(made)
    assert len(table) == 400
    assert list(table.columns[table.isna().any()]) == ["built"]
    assert (table["price"] % 100 == 0).all()
