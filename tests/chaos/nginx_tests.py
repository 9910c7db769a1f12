"""nginx as shipped, before two replicas that share their models."""

import http.client
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from app.settings import Settings
from tests.chaos.front import BEHIND, Clients, two_replicas
from tests.chaos.load import until
from tests.support.nginx import NGINX, free_port, running_nginx
from tests.support.servers import running_server

if not os.path.exists(NGINX):
    pytest.skip("apt-get install nginx", allow_module_level=True)


@pytest.fixture
def replicas(
    tmp_path: Path, config_with_v0: Settings
) -> Iterator[tuple[int, subprocess.Popen[str]]]:
    """The port of nginx, and one of the two servers behind it."""
    with two_replicas(tmp_path, config_with_v0) as running:
        yield running


def kill_with_workers(server: subprocess.Popen[str]) -> None:
    """Kill a server and its workers at once, as a machine that dies would."""
    children = Path(f"/proc/{server.pid}/task/{server.pid}/children").read_text().split()
    for pid in (server.pid, *map(int, children)):
        os.kill(pid, signal.SIGKILL)
    server.wait()


def test_a_replica_that_dies_under_load_is_not_noticed(
    replicas: tuple[int, subprocess.Popen[str]],
) -> None:
    """What it had in hand, the other one answers: no request fails."""
    port, server = replicas
    with Clients(port, number=16) as clients:
        time.sleep(2)
        kill_with_workers(server)
        time.sleep(4)
    print(f"\n{len(clients.durations)} requests, p99 {clients.p99():.1f} ms, {clients.failures}")
    assert len(clients.durations) > 100
    assert not clients.failures


def test_a_replica_that_stops_under_load_is_not_noticed(
    replicas: tuple[int, subprocess.Popen[str]],
) -> None:
    """Nor one that is told to, as for an update."""
    port, server = replicas
    with Clients(port, number=16) as clients:
        time.sleep(1)
        server.terminate()
        server.wait()
        time.sleep(2)
    print(f"\n{len(clients.durations)} requests, p99 {clients.p99():.1f} ms, {clients.failures}")
    assert not clients.failures


@pytest.mark.parametrize(
    ("headers", "status", "message"),
    [
        ({"Content-Length": "1000000000"}, 413, "Request body is larger than 16777216 bytes."),
        ({"Host": "a b"}, 400, "Bad request."),
    ],
)
def test_what_nginx_refuses_has_the_shape_of_any_error(
    replicas: tuple[int, subprocess.Popen[str]], headers: dict[str, str], status: int, message: str
) -> None:
    """JSON with a message, and no banner with a version."""
    with closing(http.client.HTTPConnection("127.0.0.1", replicas[0], timeout=10)) as connection:
        connection.request("POST", "/v0/predict", headers=headers)
        response = connection.getresponse()
        assert response.status == status
        assert response.read() == f'{{"message":"{message}"}}\n'.encode()
        assert response.headers["Content-Type"] == "application/json"
        assert response.headers["Server"] == "nginx"


@pytest.mark.parametrize(
    "path", ["/metrics", "//metrics", "/%6detrics", "/v0/../metrics", "/metrics?a"]
)
def test_the_metrics_are_not_open(replicas: tuple[int, subprocess.Popen[str]], path: str) -> None:
    """However the path is written; Prometheus asks each replica itself."""
    with closing(http.client.HTTPConnection("127.0.0.1", replicas[0], timeout=10)) as connection:
        connection.request("GET", path)
        response = connection.getresponse()
        assert (response.status, response.read()) == (404, b'{"message":"Not found."}\n')
        assert response.headers["Content-Type"] == "application/json"
        connection.request("GET", "/livez")
        assert connection.getresponse().status == 200


def test_replicas_can_be_restarted_right_after_each_other(
    tmp_path: Path, config_with_v0: Settings
) -> None:
    """One that is back gets requests at once, since the next one may go at that moment."""
    with ExitStack() as servers:
        port, second = servers.enter_context(running_server(config_with_v0, 1, **BEHIND))
        first_port = free_port()  # of one that is down at first
        front = servers.enter_context(running_nginx(tmp_path, [first_port, port]))
        with Clients(front) as clients:
            until(lambda: len(clients.durations) > 100)
            variables = BEHIND | {"PORT": str(first_port)}
            servers.enter_context(running_server(config_with_v0, 1, **variables))
            second.terminate()
            second.wait()
            asked = len(clients.durations)
            until(lambda: len(clients.durations) > asked + 100)
        assert not clients.failures
