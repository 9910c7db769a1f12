"""How long clients wait when a worker is killed under load."""

import http.client
import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor

from tests.benchmarks.servers import Request, Server, our_server, running, send
from tests.benchmarks.workbench import ONE_ROW, Workbench

N_CLIENTS = 16
SECONDS = 5.0  # of load after the kill; a worker starts in less


def measure_kills(bench: Workbench) -> list[float]:
    """Return the longest that a client waited, in seconds, shape (rounds,).

    Each of the 16 clients opens a connection for each request, and tries again at once when the
    worker that has it dies.
    """
    waits = []
    for _ in range(bench.rounds):
        server = our_server(bench.production_python, bench.config, WEB_CONCURRENCY=2)
        with (
            running(*server, bench.directory, ONE_ROW) as killed,
            ThreadPoolExecutor(N_CLIENTS) as clients,
        ):
            until = time.monotonic() + SECONDS
            waiting = [clients.submit(_longest_wait, killed.port, until) for _ in range(N_CLIENTS)]
            _kill_a_worker(killed)
            waits.append(max(client.result() for client in waiting))
    return waits


def _kill_a_worker(server: Server) -> None:
    time.sleep(SECONDS / 5)
    os.kill(max(server.processes()), signal.SIGKILL)


def _longest_wait(port: int, until: float) -> float:
    longest = 0.0
    while (started := time.monotonic()) < until:
        _send_until_answered(port, ONE_ROW)
        longest = max(longest, time.monotonic() - started)
        time.sleep(0.005)
    return longest


def _send_until_answered(port: int, request: Request) -> None:
    while True:
        try:
            status, _ = send(port, request)
        except (OSError, http.client.HTTPException):
            continue
        if status == 200:
            return
