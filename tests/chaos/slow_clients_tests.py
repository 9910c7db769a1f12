"""Slow clients: hundreds that dribble a head or a body or read slowly, beside those that do not."""

import http.client
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from app.settings import Settings
from tests.chaos.front import BODY, HEAD, PREDICTION, Clients, two_replicas, watch
from tests.support.nginx import NGINX
from tests.support.servers import running_server

SLOWHTTPTEST = shutil.which("slowhttptest")
SECONDS = 8
KINDS = {
    "heads": ["-H"],
    "bodies": ["-B", "-s", "100000"],
    # A small window, read from at 5 bytes a second, and the longest answer there is.
    "readers": ["-X", "-w", "10", "-y", "20", "-n", "1", "-z", "5", "-k", "1"],
}


@pytest.fixture
def server(config_with_v0: Settings) -> Iterator[int]:
    """The port of a server of one worker."""
    with running_server(config_with_v0, workers=1) as (port, _):
        yield port


@pytest.fixture
def front(tmp_path: Path, config_with_v0: Settings) -> Iterator[int]:
    """The port of nginx as shipped, before two servers of one worker."""
    if not Path(NGINX).exists():
        pytest.skip("apt-get install nginx")
    with two_replicas(tmp_path, config_with_v0) as (port, _):
        yield port


def attack(port: int, kind: str) -> tuple[Clients, Clients, int]:
    """Return what well-behaved clients met before and in the attack, and its open connections."""
    if SLOWHTTPTEST is None:
        pytest.skip("apt-get install slowhttptest")
    path = "/openapi.json" if kind == "readers" else "/v0/predict"
    warm_up(port)
    before = watch(port, SECONDS / 2)
    command = [SLOWHTTPTEST, *KINDS[kind], "-c", "500", "-r", "250", "-i", "5", "-x", "8"]
    command += ["-l", str(SECONDS + 4), "-p", "5", "-f", "application/json"]
    command += ["-t", "GET" if kind == "readers" else "POST"]
    command += ["-u", f"http://127.0.0.1:{port}{path}"]
    attacker = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        time.sleep(3)  # until all 500 are there
        connected = count_connections(port)
        during = watch(port, SECONDS)
    finally:
        attacker.terminate()
        attacker.wait()
    return before, during, connected


def warm_up(port: int) -> None:
    """Have each server load its model: the first answer takes as long as sklearn's import."""
    for _ in range(8):
        with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=60)) as connection:
            connection.request("POST", "/v0/predict", BODY, {"Content-Type": "application/json"})
            assert connection.getresponse().read() == PREDICTION


def count_connections(port: int) -> int:
    """Return how many clients are connected to a port of this machine."""
    pattern = rf"^ *\d+: \w+:\w+ \w+:{port:04X} 01 "
    return len(re.findall(pattern, Path("/proc/net/tcp").read_text(), re.MULTILINE))


def report(what: str, before: Clients, during: Clients, connected: int) -> None:
    """Print a row of the table."""
    print(
        f"\n{what}: {connected} connected; p99 {before.p99():.1f} ms before, {during.p99():.1f} ms"
        f" during; {during.failures.total()} of {len(during.durations)} failed"
    )


@pytest.mark.parametrize("kind", KINDS)
def test_behind_nginx_nobody_is_held_up(front: int, kind: str) -> None:
    """500 slow clients, and no request of anybody else fails."""
    before, during, connected = attack(front, kind)
    report(f"500 slow {kind} behind nginx", before, during, connected)
    assert not during.failures
    assert len(during.durations) > 100


@pytest.mark.parametrize("kind", ["heads", "readers"])
def test_slow_heads_and_readers_hold_no_thread(server: int, kind: str) -> None:
    """500 of them, direct: what waits for a client is not Python."""
    before, during, connected = attack(server, kind)
    report(f"500 slow {kind} direct", before, during, connected)
    assert not during.failures
    assert len(during.durations) > 100


@pytest.mark.parametrize("slow", [31, 32])
def test_slow_bodies_hold_a_thread_each(server: int, slow: int) -> None:
    """All but one of the threads of a worker may wait for one; with the last, everybody waits."""
    with ExitStack() as stack:
        warm_up(server)
        before = watch(server, SECONDS / 2)
        for _ in range(slow):
            client = stack.enter_context(socket.create_connection(("127.0.0.1", server)))
            client.sendall(HEAD + b"Content-Length: 1000\r\n\r\n{")
        time.sleep(0.5)
        during = watch(server, SECONDS)
        report(f"{slow} slow bodies direct", before, during, slow)
        if slow < 32:
            assert not during.failures
            assert len(during.durations) > 100
    assert not watch(server, 1).failures  # they went away, and all is well
