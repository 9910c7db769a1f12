"""How long the server keeps a connection on which nothing happens."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from tests.support.supervisor import APPLICATION, Server, ask


@pytest.mark.parametrize("head", [b"", b"GET /pid HT"], ids=["silent", "half a head"])
def test_an_idle_connection_is_closed_after_the_time_that_is_set(
    start: Callable[..., Server], head: bytes
) -> None:
    """It counts from the last answer, and a request must begin and get on within it."""
    server = start(KEEP_ALIVE_TIMEOUT="1").until_running()
    with closing(server.connect()) as connection:
        ask(connection, "/pid")
        answered = time.monotonic()
        ask(connection, "/pid")
        assert connection.sock is not None
        connection.sock.sendall(head)
        assert connection.sock.recv(1) == b""
        assert time.monotonic() - answered > 0.9


def test_it_is_kept_until_then(start: Callable[..., Server]) -> None:
    """By default for longer than any load balancer of the large clouds keeps it."""
    server = start().until_running()
    with closing(server.connect()) as connection:
        ask(connection, "/pid")
        assert connection.sock is not None
        connection.sock.settimeout(1.5)
        with pytest.raises(TimeoutError):
            connection.sock.recv(1)
        assert ask(connection, "/pid").isdigit()


def test_no_time_is_too_long(start: Callable[..., Server]) -> None:
    """Whoever wants no limit can set a large number."""
    server = start(KEEP_ALIVE_TIMEOUT="9" * 18).until_running()
    assert server.get("/pid").isdigit()


@pytest.fixture
def limited(tmp_path: Path, port: str) -> Iterator[Server]:
    """A server of one worker, started where a process may have 64 open files unless it asks."""
    (tmp_path / "application.py").write_text(APPLICATION)
    environment = {"HOST": "127.0.0.1", "PORT": port, "WEB_CONCURRENCY": "1"}
    server = Server(tmp_path, environment, ["sh", "-c", 'ulimit -S -n 64 && exec "$@"', "sh"])
    yield server.until_running()
    server.process.terminate()
    assert server.wait() == 0


def test_idle_connections_leave_room_for_others(limited: Server) -> None:
    """Each is an open file, and the server asks for as many of these as it may have."""
    with ExitStack() as stack:
        for _ in range(100):
            connection = stack.enter_context(closing(limited.connect()))
            assert ask(connection, "/pid").isdigit()
