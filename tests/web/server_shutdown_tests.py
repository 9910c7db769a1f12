"""The server finishes what it has in hand, and leaves nothing behind."""

import os
import signal
from collections.abc import Callable
from contextlib import closing

import pytest

from tests.support.supervisor import Server, ask, until


@pytest.mark.parametrize("send", [os.kill, os.killpg], ids=["to the process", "to its group"])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_finishes_the_requests_in_hand(
    start: Callable[..., Server], number: int, send: Callable[[int, int], None]
) -> None:
    """It stops listening, answers what it began, even to the impatient, and ends with 0."""
    server = start().until_running()
    with closing(server.connect()) as busy, closing(server.connect()) as idle:
        assert ask(idle, "/pid").isdigit()
        busy.request("GET", "/wait")
        until((server.directory / "entered").exists)
        send(server.process.pid, number)
        server.until_quiet()
        for _ in range(200):  # two that overlap could deadlock it
            send(server.process.pid, number)
        (server.directory / "release").touch()
        assert busy.getresponse().read() == b"done"
    assert server.wait() == 0
    assert server.stderr == ""


def test_gives_up_on_a_request_after_the_timeout(start: Callable[..., Server]) -> None:
    """A request that never ends does not keep the server from stopping."""
    server = start(SHUTDOWN_TIMEOUT="1").until_running()
    with closing(server.connect()) as connection:
        connection.request("GET", "/wait")
        until((server.directory / "entered").exists)
        server.process.terminate()
        assert server.wait() == 0


def test_lets_workers_finish_their_own_business(start: Callable[..., Server]) -> None:
    """What the application registered for the end of a worker runs, as the log relies on."""
    server = start(WEB_CONCURRENCY="1").until_running()
    server.process.terminate()
    assert server.wait() == 0
    assert (server.directory / "finalized").exists()


def test_workers_end_with_the_server(start: Callable[..., Server]) -> None:
    """A server that was killed leaves no worker behind on its port."""
    server = start().until_running()
    server.process.kill()
    server.wait()
    server.until_quiet()
