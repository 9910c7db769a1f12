"""Which files of a directory or a pattern are tables."""

import os
from pathlib import Path

from tests.support.scored_files import contents, make_files, write_text
from tests.support.training import Run


def test_a_directory_or_a_pattern_goes_into_a_directory(run_scoring: Run, tmp_path: Path) -> None:
    """A file for each, under its name; what is no table is left alone."""
    make_files(tmp_path / "in", 3)
    write_text(tmp_path / "in/readme.txt", "no table")
    assert run_scoring(tmp_path / "in", tmp_path / "all").exit_code == 0
    assert sorted(os.listdir(tmp_path / "all")) == ["00.csv", "01.csv", "02.csv", "z.parquet"]
    for name in ("01.csv", "z.parquet"):
        assert run_scoring(tmp_path / "in" / name, tmp_path / f"alone-{name}").exit_code == 0
        assert contents(tmp_path / "all")[name] == (tmp_path / f"alone-{name}").read_bytes()
    assert run_scoring(f"{tmp_path}/in/0[12].csv", tmp_path / "some").exit_code == 0
    assert sorted(os.listdir(tmp_path / "some")) == ["01.csv", "02.csv"]
