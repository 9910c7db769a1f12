"""Workers that are killed, and a server that is stopped, under load."""

import itertools
import os
import signal
import statistics
import subprocess
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import orjson
import pytest

from app.settings import Settings
from tests.chaos.load import Answer, Load, scrape, statuses, until
from tests.support.metrics import value
from tests.support.requests import ROW
from tests.support.servers import running_server, workers_of

V0 = "/v0/predict"
WORKERS = 2
THREADS = 8
UNFLUSHED = 1.0  # seconds; what waits longer than this is in the log

Tell = Callable[[str], None]


def until_gone(worker: int, server: subprocess.Popen[str]) -> None:
    """Wait until a worker has ended."""
    until(lambda: worker not in workers_of(server))


def listeners(port: int) -> int:
    """Return how many sockets listen on a port."""
    lines = Path("/proc/net/tcp").read_text().splitlines()[1:]
    fields = [line.split() for line in lines]
    return sum(f[3] == "0A" and int(f[1].rpartition(":")[2], 16) == port for f in fields)


def logged_ids(config: Settings) -> Counter[str]:
    """Return how often each request id is in the log; its last lines are whole, too."""
    text = Path(config.logs_root, "application.log").read_text()
    assert text.endswith("\n")
    lines = [line for line in text.splitlines() if f" POST http {V0} " in line]
    assert all(line.count(" POST ") == 1 and " ms " in line for line in lines)
    return Counter(line.rpartition(" ")[2] for line in lines)


def test_a_killed_worker_costs_only_what_it_had_in_hand(
    config_with_v0: Settings, tell: Tell
) -> None:
    """One worker or the other every 3.2 s for a minute; granian gives up at twice within 5.5 s."""
    config = replace(config_with_v0, log_max_bytes=10**8)
    kills: list[float] = []
    recovered: list[float] = []
    with (
        running_server(config, WORKERS) as (port, server),
        Load(port, [V0], threads=THREADS, reconnect=10) as load,
    ):
        until(lambda: len(workers_of(server)) == listeners(port) == WORKERS)
        time.sleep(2)
        while len(kills) < 18:
            victim = workers_of(server)[0]  # the one that lives longest
            kills.append(time.monotonic())
            os.kill(victim, signal.SIGKILL)
            until_gone(victim, server)
            until(lambda: len(workers_of(server)) == listeners(port) == WORKERS)
            recovered.append(time.monotonic() - kills[-1])
            time.sleep(max(0.0, kills[-1] + 3.2 - time.monotonic()))
        load.stop()
        answers = load.answers()
        answered = {a.request_id for a in answers if a.status is not None}
        time.sleep(UNFLUSHED)
        counted = predictions(port)
        with Load(port, [V0], threads=THREADS) as afterwards:
            time.sleep(1)
        after = {a.request_id for a in afterwards.answers()}
        until(lambda: predictions(port) == counted + len(after))
    lost = [a for a in answers if a.status is None]
    assert statuses(answers) - {a.error for a in lost} == {200}
    costs = [sum(kill - 0.1 <= a.answered < kill + 3 for a in lost) for kill in kills]
    assert sum(costs) == len(lost)
    assert max(costs) <= 2 * THREADS  # one in hand each, and one in the accept queue
    successes = sorted(a.answered for a in answers if a.status == 200)
    gap = max(later - earlier for earlier, later in itertools.pairwise(successes))
    logged = logged_ids(config)
    missing = [a for a in answers if a.status is not None and a.request_id not in logged]
    age = max(min(k - a.answered for k in kills if k > a.answered - 0.1) for a in missing)
    tell(
        f"{len(kills)} kills, {len(answers)} requests; lost {len(lost)}, {max(costs)} at one kill"
        f" at the most with {THREADS} in hand; never longer than {gap:.2f} s without a success;"
        f" full strength after {statistics.median(recovered):.1f} s ({max(recovered):.1f} at the"
        f" most); {len(missing)} lines not yet written were lost, the oldest {age:.2f} s old;"
        f" errors: {dict(Counter(a.error for a in lost))}"
    )
    assert age < UNFLUSHED
    assert max(logged.values()) == 1
    assert after <= set(logged)
    assert len(answered) - len(missing) <= counted <= len(answers)


def predictions(port: int) -> float:
    """Return how many predictions were counted."""
    return value(scrape(port), "model_predictions_total", version="v0")


@pytest.mark.parametrize("reconnect", [1, 10**9], ids=["new connections", "keep-alive"])
def test_sigterm_drains(reconnect: int, config_with_v0: Settings, tell: Tell) -> None:
    """Under load and amid batches of 10,000 rows: what was accepted is answered, logged, counted.

    A request that finds the port closed, or its idle connection, was not accepted.
    """
    config = replace(config_with_v0, shutdown_timeout=15, log_max_bytes=10**8)
    batch = orjson.dumps([ROW] * 10_000)
    answers: list[Answer] = []
    seconds = []
    for _ in range(5):
        with running_server(config, WORKERS) as (port, server):
            single = Load(port, [V0], reconnect=reconnect)
            batches = Load(port, [V0], threads=4, reconnect=reconnect, pause=0.0, body=batch)
            with single, batches:
                until(lambda: len(batches.answers()) > 20)  # noqa: B023 - called at once
                stopped = time.monotonic()
                server.terminate()
                exit_status = server.wait(30)
                seconds.append(time.monotonic() - stopped)
                single.stop()
                batches.stop()
            assert exit_status == 0
            answers += single.answers() + batches.answers()
            in_hand = [a for a in batches.answers() if a.asked < stopped < a.answered]
            assert in_hand
    logged = logged_ids(config)
    answered = {a.request_id for a in answers if a.status is not None}
    errors = Counter(a.error for a in answers if a.status is None)
    tell(
        f"{len(answered)} requests answered before the exit with status 0 after"
        f" {max(seconds):.2f} s at the most; not accepted: {dict(errors)}"
    )
    assert statuses(a for a in answers if a.status is not None) == {200}
    assert set(logged) == answered
    assert max(logged.values()) == 1
    assert max(seconds) < config.shutdown_timeout
