"""Dates and texts, scored on several cores and on a cluster."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from app.models import score_file, train_model
from app.settings import Settings
from tests.support.cluster import dask_cluster
from tests.support.comments import comment_rows
from tests.support.csv_files import write_csv
from tests.support.visits import HEADER, visit_rows


@pytest.mark.slow
def test_dates_and_texts_are_scored_on_cores_and_on_a_cluster_as_by_one_process(
    config: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Byte for byte, with labels."""
    monkeypatch.setattr("app.settings.current", config)
    visits = visit_rows("classes")
    comments = comment_rows(len(visits), seed=3)
    rows = [[*visit, row["comment"]] for visit, row in zip(visits, comments, strict=True)]
    path = write_csv(tmp_path / "all.csv", [[*HEADER, "comment"], *rows])
    arguments = [str(path), "v0", "--target", "bought", "--C", "0.1"]
    trained = CliRunner().invoke(train_model.main, arguments)
    assert trained.exit_code == 0, trained.stderr
    monkeypatch.setattr(score_file, "TASK_SIZE", 4096)

    def scored(name: str, *options: str) -> bytes:
        out = tmp_path / name
        result = CliRunner().invoke(
            score_file.main, [str(path), str(out), "v0", "--label", *options]
        )
        assert result.exit_code == 0, result.stderr
        return out.read_bytes()

    alone = scored("alone.csv")
    assert scored("cores.csv", "--workers", "2") == alone
    with dask_cluster(workers=1) as (address, _):
        assert scored("cluster.csv", "--scheduler", address) == alone
