"""A log on stdout that nobody reads, or whose reader is gone."""

from collections.abc import Callable
from pathlib import Path

import pytest

from app.settings import Settings
from tests.chaos.load import Load, scrape, statuses, until
from tests.support.metrics import value
from tests.support.servers import running_server, workers_of

LINES = 2000  # several times what a pipe holds


def dropped(port: int) -> float:
    """Return how many lines were dropped."""
    return value(scrape(port), "log_lines_dropped_total")


@pytest.mark.parametrize("reader", ["asleep", "gone"])
def test_the_service_goes_on(
    reader: str, config_with_v0: Settings, tmp_path: Path, tell: Callable[[str], None]
) -> None:
    """Each request is answered by the same workers, and the server ends when it is told to."""
    stderr = tmp_path / "stderr"
    with running_server(
        config_with_v0, 2, stderr=str(stderr), LOGS_ROOT="-", LOG_FORMAT="json"
    ) as (port, server):
        until(lambda: len(workers_of(server)) == 2)
        workers = workers_of(server)
        assert server.stdout is not None
        if reader == "gone":
            server.stdout.close()
        with Load(port, ["/v0/predict"]) as load:
            until(lambda: len(load.answers()) > LINES)
        answers = load.answers()
        least = len(answers) if reader == "gone" else 0
        until(lambda: dropped(port) >= least)
        lost = dropped(port)
        assert workers_of(server) == workers
    assert statuses(answers) == {200}
    if reader == "gone":
        assert stderr.read_text() == (
            "The log cannot be written to stdout: [Errno 32] Broken pipe\n"
        )
    else:
        assert (lost, stderr.read_text()) == (0, "")
    tell(f"{len(answers)} requests, all 200; {lost:.0f} lines dropped")
