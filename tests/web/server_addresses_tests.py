"""Where the server listens, and how it refuses an address that it cannot have."""

import socket
from collections.abc import Callable
from contextlib import closing, suppress

import pytest

from tests.support.supervisor import Server, ask

ipv6 = pytest.mark.skipif(not socket.has_dualstack_ipv6(), reason="this machine has no IPv6")


@pytest.mark.parametrize(
    ("host", "shown"),
    [("0.0.0.0", "0.0.0.0"), ("localhost", "localhost"), pytest.param("::", "[::]", marks=ipv6)],
)
def test_says_once_where_it_runs_and_nothing_else(
    start: Callable[..., Server], host: str, shown: str
) -> None:
    """One line on stdout, none on stderr, and status 0 at the end."""
    server = start(HOST=host).until_running()
    assert server.get("/pid").isdigit()
    server.process.terminate()
    assert server.wait() == 0
    line = f" * Running on http://{shown}:{server.port}/ (Press CTRL+C to quit)\n"
    assert (server.stdout, server.stderr) == (line, "")


def test_keeps_a_connection_open(start: Callable[..., Server]) -> None:
    """Two requests travel over one connection, the second after a body."""
    with closing(start().until_running().connect()) as connection:
        connection.request("POST", "/body", body=b"x" * 10)
        assert connection.getresponse().read() == b"10"
        used = connection.sock
        assert used is not None
        assert ask(connection, "/pid").isdigit()
        assert connection.sock is used


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "0.0.0.0", "localhost", pytest.param("::", marks=ipv6)]
)
def test_refuses_a_port_that_is_taken(start: Callable[..., Server], host: str) -> None:
    """A second server says what to do and ends; the first goes on."""
    first = start().until_running()
    second = start(HOST=host)
    assert second.wait() == 1
    assert second.stdout == ""
    assert second.stderr == (
        f"Error: port {first.port} on {host} is already in use; stop what runs there or set PORT.\n"
    )
    assert first.get("/pid").isdigit()


def test_refuses_a_port_that_another_program_would_share(start: Callable[..., Server]) -> None:
    """A listener that set SO_REUSEPORT does not lose half its connections to the server."""
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        server = start(PORT=str(listener.getsockname()[1]))
        assert server.wait() == 1
        assert server.stderr == (
            f"Error: port {server.port} on 127.0.0.1 is already in use; "
            "stop what runs there or set PORT.\n"
        )


def test_takes_a_port_whose_last_connections_linger(start: Callable[..., Server]) -> None:
    """A restart need not wait for TIME_WAIT, in which whoever closes first leaves a connection."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = listener.getsockname()
        with socket.create_connection(address) as client:
            listener.accept()[0].close()
            assert client.recv(1) == b""
    with socket.socket() as careless, pytest.raises(OSError, match="in use"):
        careless.bind(address)
    assert start(PORT=str(address[1])).until_running().get("/pid").isdigit()


@pytest.mark.parametrize(
    ("environment", "message"),
    [
        (
            {"HOST": "host.invalid"},
            "host host.invalid is unknown; set HOST to an address of this machine.",
        ),
        ({"HOST": "192.0.2.1"}, "192.0.2.1 is not an address of this machine; set HOST."),
        ({"PORT": "65536"}, "there is no port 65536; set PORT to 65535 or below."),
    ],
)
def test_refuses_an_address_that_it_cannot_have(
    start: Callable[..., Server], environment: dict[str, str], message: str
) -> None:
    """One line says what is wrong and which variable to set."""
    server = start(**environment)
    assert server.wait() == 1
    assert (server.stdout, server.stderr) == ("", f"Error: {message}\n")


def test_refuses_a_port_that_the_user_may_not_have(start: Callable[..., Server]) -> None:
    """A port below 1024 takes rights that most users lack."""
    with socket.socket() as probe, suppress(PermissionError):
        probe.bind(("127.0.0.1", 1))
        pytest.skip("this user may listen on any port")
    server = start(PORT="1")
    assert server.wait() == 1
    assert server.stderr == (
        "Error: this user may not listen on port 1; set PORT to 1024 or above.\n"
    )
