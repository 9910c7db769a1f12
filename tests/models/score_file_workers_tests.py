"""Scoring whole files on several cores and on a cluster gives what one process gives."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from app.models import score_file
from tests.support.cluster import dask_cluster
from tests.support.scored_files import contents, make_files, some_rows, write_text
from tests.support.training import Run


def test_workers_give_what_one_process_gives(run_scoring: Run, tmp_path: Path) -> None:
    """In the same order, and the same row is the first that is invalid."""
    make_files(tmp_path / "in", 3)
    assert run_scoring(tmp_path / "in", tmp_path / "one").exit_code == 0
    assert run_scoring(tmp_path / "in", tmp_path / "two", "--workers", "2").exit_code == 0
    assert contents(tmp_path / "one") == contents(tmp_path / "two")


@pytest.mark.slow
def test_a_cluster_that_loses_a_worker_gives_what_one_process_gives(
    run_scoring: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A Dask scheduler and two workers, one of which is killed in the middle."""
    make_files(tmp_path / "in", 12)
    assert run_scoring(tmp_path / "in", tmp_path / "one").exit_code == 0
    with dask_cluster(workers=2) as (address, workers):

        @contextmanager
        def killing_progress(size: int) -> Iterator[Callable[[int, int], None]]:
            done = []

            def report(size: int, n_rows: int) -> None:
                done.append(n_rows)
                if len(done) == 5:
                    workers[0].kill()

            yield report
            assert len(done) > 20

        monkeypatch.setattr(score_file, "scoring_progress", killing_progress)
        result = run_scoring(tmp_path / "in", tmp_path / "two", "--scheduler", address)
        assert (result.stderr[:7], result.exit_code) == ("Scored ", 0)
        assert workers[0].wait() == -signal.SIGKILL
    assert contents(tmp_path / "one") == contents(tmp_path / "two")


def test_says_in_a_line_that_there_is_no_cluster(
    run_scoring: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither there nor anywhere."""
    monkeypatch.setattr("app.utils.parallel.CONNECT_SECONDS", 0.1)
    path = write_text(tmp_path / "in.csv", some_rows(3))
    for address in ("tcp://127.0.0.1:1", "nonsense"):
        result = run_scoring(path, tmp_path / "out.csv", "--scheduler", address)
        assert (result.stderr, result.exit_code) == (
            f"Error: There is no Dask scheduler at {address!r}.\n",
            2,
        )
