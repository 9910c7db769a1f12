"""The server with the shipped nginx in front or without, and clients that watch how it answers."""

import http.client
import json
import socket
import statistics
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

from app.settings import Settings
from tests.support.nginx import running_nginx
from tests.support.requests import ROW
from tests.support.servers import running_server

BODY = json.dumps(ROW).encode()
PREDICTION = b'{"id":"2","prediction":0.909}\n'
HEAD = b"POST /v0/predict HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"


@contextmanager
def two_replicas(root: Path, config: Settings) -> Iterator[tuple[int, subprocess.Popen[str]]]:
    """Run nginx before two servers that share their models; give its port and a server."""
    with ExitStack() as stack:
        started = [stack.enter_context(running_server(config, 1, **BEHIND)) for _ in range(2)]
        port = stack.enter_context(running_nginx(root, [port for port, _ in started]))
        yield port, started[0][1]


BEHIND = {"TRUSTED_PROXIES": "1"}


class Clients:
    """Well-behaved clients, one prediction after the other, each on a connection that is kept."""

    def __init__(self, port: int, number: int = 4) -> None:
        self._port = port
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._ask) for _ in range(number)]
        self.durations: list[float] = []
        self.failures: Counter[str] = Counter()

    def __enter__(self) -> "Clients":
        """Begin to ask."""
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Wait for the last answers."""
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def p99(self) -> float:
        """Return the 99th percentile of the durations, in ms."""
        return statistics.quantiles(self.durations, n=100)[98] * 1000

    def _ask(self) -> None:
        headers = {"Content-Type": "application/json"}
        with closing(http.client.HTTPConnection("127.0.0.1", self._port, timeout=5)) as connection:
            while not self._stop.is_set():
                started = time.perf_counter()
                try:
                    connection.request("POST", "/v0/predict", BODY, headers)
                    response = connection.getresponse()
                    if (answer := (response.status, response.read())) != (200, PREDICTION):
                        self.failures[str(answer)] += 1
                except (OSError, http.client.HTTPException) as error:
                    self.failures[repr(error)] += 1
                    connection.close()
                self.durations.append(time.perf_counter() - started)
                time.sleep(0.005)  # what is measured is the server, not this machine's two cores


def watch(port: int, seconds: float) -> Clients:
    """Return what well-behaved clients met in that time."""
    with Clients(port) as clients:
        time.sleep(seconds)
    return clients


def answers(port: int, sent: bytes, patience: float = 0.5) -> bytes:
    """Send bytes, and return all that comes back until the end or until nothing more comes."""
    with socket.create_connection(("127.0.0.1", port), timeout=patience) as client:
        received = b""
        try:
            client.sendall(sent)
            while chunk := client.recv(65536):
                received += chunk
        except OSError:
            pass
    return received
