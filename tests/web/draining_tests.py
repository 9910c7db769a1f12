"""An answer does not wait for a body that nobody wants, and is not lost while it is sent."""

import shutil
import socket
from collections.abc import Iterator
from dataclasses import replace

import orjson
import pytest

from tests.support.configs import make_config
from tests.support.requests import ROW
from tests.support.servers import running_server

JSON = "Content-Type: application/json"
PREDICT = f"POST /v0/predict HTTP/1.1\r\nHost: a\r\n{JSON}"
REFUSED = {
    "no key": ("POST /v0/predict HTTP/1.1\r\nHost: a", 401),
    "two hosts": ("POST /v0/predict HTTP/1.1\r\nHost: a\r\nHost: b", 400),
    "no such version": (f"POST /v7/predict HTTP/1.1\r\nHost: a\r\n{JSON}\r\nX-API-Key: key", 404),
    "no such page": ("POST /nowhere HTTP/1.1\r\nHost: a\r\nX-API-Key: key", 404),
    "no such method": (f"PUT /v0/predict HTTP/1.1\r\nHost: a\r\n{JSON}\r\nX-API-Key: key", 405),
    "a page": ("POST / HTTP/1.1\r\nHost: a\r\nX-API-Key: key", 405),
    "another media type": ("POST /v0/predict HTTP/1.1\r\nHost: a\r\nX-API-Key: key", 415),
    "nothing to refuse": ("GET /livez HTTP/1.1\r\nHost: a", 200),
}
LIMIT = 1_000_000


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory, dummy_model: str) -> Iterator[int]:
    """A server of one worker with v0, an API key and a low limit."""
    directory = tmp_path_factory.mktemp("draining")
    config = make_config(directory)
    config = replace(config, api_keys="key", max_body_bytes=LIMIT)
    shutil.copy(dummy_model, config.models_root)
    with running_server(config, 1) as (port, _):
        yield port


def connect(port: int) -> socket.socket:
    """Return a connection that waits for an answer, but not for ever."""
    return socket.create_connection(("127.0.0.1", port), timeout=20)


def read_answer(client: socket.socket) -> tuple[int, bytes, bytes]:
    """Return the status, the head and the body of one answer."""
    received = b""
    while b"\r\n\r\n" not in received:
        chunk = client.recv(65536)
        assert chunk, "the connection was closed without an answer"
        received += chunk
    head, _, body = received.partition(b"\r\n\r\n")
    head = head.lower()
    length = int(head.partition(b"content-length: ")[2].split(b"\r\n")[0])
    while len(body) < length:
        body += client.recv(65536)
    return int(head.split()[1]), head, body


def predict(client: socket.socket) -> int:
    """Return the status of a good prediction."""
    body = orjson.dumps(ROW)
    head = f"{PREDICT}\r\nX-API-Key: key\r\nContent-Length: {len(body)}\r\n\r\n"
    client.sendall(head.encode() + body)
    return read_answer(client)[0]


@pytest.mark.parametrize("name", REFUSED)
@pytest.mark.parametrize("kind", ["declared", "in chunks"])
def test_the_answer_comes_before_the_body(port: int, name: str, kind: str) -> None:
    """And when the body has come, too, the connection serves the next request."""
    head, status = REFUSED[name]
    length, body = {
        "declared": ("Content-Length: 12", b"twelve bytes"),
        "in chunks": ("Transfer-Encoding: chunked", b"c\r\ntwelve bytes\r\n0\r\n\r\n"),
    }[kind]
    with connect(port) as client:
        client.sendall(f"{head}\r\n{length}\r\n\r\n".encode())
        answered, answer_head, _ = read_answer(client)
        assert answered == status
        assert b"connection: close" not in answer_head
        client.sendall(body)
        assert predict(client) == 200


def test_a_gigabyte_that_is_declared_is_refused_at_once(port: int) -> None:
    """Though nothing of it was sent."""
    with connect(port) as client:
        client.sendall(
            f"{PREDICT}\r\nX-API-Key: key\r\nContent-Length: 1000000000\r\n\r\n".encode()
        )
        status, answer_head, body = read_answer(client)
    assert (status, body) == (413, b'{"message":"Request body is larger than 1000000 bytes."}\n')
    assert b"connection: close" in answer_head


@pytest.mark.parametrize("length", [LIMIT + 1, 2 * LIMIT])
def test_who_sends_too_much_first_reads_the_answer_then(port: int, length: int) -> None:
    """Nothing is reset, and the next request is answered."""
    with connect(port) as client:
        head = f"{PREDICT}\r\nX-API-Key: key\r\nContent-Length: {length}\r\n\r\n"
        client.sendall(head.encode() + bytes(length))
        assert read_answer(client)[0] == 413
        assert predict(client) == 200


def test_who_sends_nothing_keeps_nobody_waiting(port: int) -> None:
    """However many they are: more than the 32 threads, of which they occupy 8."""
    silent = [connect(port) for _ in range(40)]
    try:
        for client in silent:
            client.sendall(f"{REFUSED['no key'][0]}\r\nContent-Length: 12\r\n\r\n".encode())
        assert {read_answer(client)[0] for client in silent} == {401}
        with connect(port) as client:
            assert predict(client) == 200
    finally:
        for client in silent:
            client.close()
    with connect(port) as client:
        assert predict(client) == 200
