"""Bombs: more bytes, brackets, digits, keys or versions than anybody needs; refused, survived."""

import gzip
import http.client
import json
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from app.settings import Settings
from tests.chaos.front import BODY, HEAD, PREDICTION
from tests.support.requests import ROW
from tests.support.servers import running_server

GIGABYTE = 1_000_000_000
LIMIT = 16 * 1024 * 1024
MEGABYTE = b" " * 1_000_000
HEADERS = {"Content-Type": "application/json"}
TOO_LARGE = f'{{"message":"Request body is larger than {LIMIT} bytes."}}\n'.encode()
KEYS = json.dumps(ROW | {f"key {i}": i for i in range(200_000)}).encode()
TOO_MANY_VALUES = "Request has more values than 10000 rows can have."
NESTED = b"[" * 30 + b"]" * 30
HALF_OF_THEM = json.dumps(ROW | {f"key {i}": i for i in range(100_000)}).encode()
BOMBS = {
    "100,000 [": (b"[" * 100_000, "Request body is nested too deeply."),
    "100,000 {": (b'{"a":' * 100_000, "Request body is nested too deeply."),
    "a number of 400 digits": (
        BODY.replace(b"-2.0", b"1" * 400),
        "Request body is not valid JSON.",
    ),
    "a string of 10 MB": (
        json.dumps(ROW | {"id": "a" * 10_000_000}).encode(),
        "Invalid values: 'id' must be a string of at most 256 characters",
    ),
    "a key of 10 MB": (json.dumps(ROW | {"a" * 10_000_000: 1}).encode(), "Unexpected keys: 'aaa"),
    "200,000 keys": (KEYS, TOO_MANY_VALUES),
    "100,000 keys": (HALF_OF_THEM, "Unexpected keys: 'key 0', 'key 1'"),
    "5,000,000 numbers": (b"[" + b"0," * 5_000_000 + b"0]", TOO_MANY_VALUES),
    "5,000,000 objects": (b"[" + b"{}," * 5_000_000 + b"{}]", TOO_MANY_VALUES),
    "8,000,000 arrays in arrays": (b"[" + b",".join([NESTED] * 260_000) + b"]", TOO_MANY_VALUES),
    "10,001 rows": (b"[" + b",".join([BODY] * 10_001) + b"]", "Request has more than 10000 rows."),
    "16 MB of white space": (b" " * LIMIT, "Request body is not valid JSON."),
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, dummy_model: str) -> Iterator[tuple[int, int]]:
    """The port of a server of one worker, and the worker's process."""
    root = tmp_path_factory.mktemp("bombs")
    config = Settings(
        models_root=str(Path(dummy_model).parent),
        logs_root=str(root / "logs"),
        model_signing_key="a key that only these tests sign with",
    )
    with running_server(config, workers=1) as (port, process):
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        worker = max(map(int, children), key=memory)
        with closing(connect(port)) as connection:
            assert predict(connection) == PREDICTION  # it has imported what it needs
            assert post(connection, b"{}")[0] == 400
        yield port, worker


def connect(port: int) -> http.client.HTTPConnection:
    """Return a connection of an ordinary client."""
    return http.client.HTTPConnection("127.0.0.1", port, timeout=30)


def post(connection: http.client.HTTPConnection, body: bytes) -> tuple[int, bytes]:
    """Return the status and the body of the answer."""
    connection.request("POST", "/v0/predict", body, HEADERS)
    response = connection.getresponse()
    return response.status, response.read()


def predict(connection: http.client.HTTPConnection) -> bytes:
    """Return the answer to a good request."""
    return post(connection, BODY)[1]


def memory(pid: int, what: str = "VmRSS") -> int:
    """Return the bytes of memory of a process; VmHWM is the most it ever had."""
    text = Path(f"/proc/{pid}/status").read_text()
    return int(text.partition(f"{what}:")[2].split()[0]) * 1024


def read_answer(client: socket.socket) -> bytes:
    """Return what comes until the end of the connection."""
    received = b""
    while chunk := client.recv(65536):
        received += chunk
    return received


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_refused_and_the_connection_lives(server: tuple[int, int], name: str) -> None:
    """With a short message; the next request on the same connection is answered."""
    body, message = BOMBS[name]
    with closing(connect(server[0])) as connection:
        predict(connection)
        used, started = connection.sock, time.perf_counter()
        status, answer = post(connection, body)
        print(f"\n{name}: {status} in {(time.perf_counter() - started) * 1000:.0f} ms")
        assert status in (400, 413)
        assert json.loads(answer)["message"].startswith(message)
        assert len(answer) < 2000
        assert predict(connection) == PREDICTION
        assert connection.sock is used


def test_a_gigabyte_that_is_declared_and_not_sent(server: tuple[int, int]) -> None:
    """The head tells: who waits to be told to go on (RFC 9110, 10.1.1) is told at once not to."""
    with socket.create_connection(("127.0.0.1", server[0]), timeout=30) as client:
        started = time.perf_counter()
        client.sendall(HEAD + b"Content-Length: %d\r\nExpect: 100-continue\r\n\r\n" % GIGABYTE)
        answer = read_answer(client)
    print(f"\n1 GB declared: answered in {(time.perf_counter() - started) * 1000:.0f} ms")
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert answer.endswith(TOO_LARGE)


@pytest.mark.parametrize(
    "options",
    [(), ("-H", "Expect:"), ("-H", "Transfer-Encoding: chunked", "-H", "Expect:")],
    ids=["waiting to be told to go on", "not waiting", "in chunks"],
)
def test_curl_is_told_why_a_gigabyte_is_too_much(
    server: tuple[int, int], tmp_path: Path, options: tuple[str, ...]
) -> None:
    """It shows 413 and the message, and no broken pipe."""
    with (tmp_path / "gigabyte").open("wb") as file:
        file.truncate(GIGABYTE)
    address = f"http://127.0.0.1:{server[0]}/v0/predict"
    shown = ["-s", "-S", "-w", "%{http_code} %{size_upload} %{time_total}"]
    kind = ["-X", "POST", "-H", "Content-Type: application/json"]
    result = subprocess.run(
        ["curl", *shown, *kind, "-T", str(tmp_path / "gigabyte"), *options, address],
        capture_output=True,
        text=True,
    )
    print(f"\n{result.stdout!r} {result.stderr!r}")
    assert result.stdout.startswith(TOO_LARGE.decode() + "413 ")


@pytest.mark.parametrize("chunked", [False, True], ids=["declared", "in chunks"])
def test_a_gigabyte_that_is_sent(server: tuple[int, int], chunked: bool) -> None:
    """An ordinary client, which sends and then reads, reads 413 and no broken pipe; or is cut off.

    One that goes on to send after two limits' worth is not listened to any more.
    """
    sent, length = 0, b"Transfer-Encoding: chunked" if chunked else b"Content-Length: 1000000000"
    part = b"f4240\r\n" + MEGABYTE + b"\r\n" if chunked else MEGABYTE
    with socket.create_connection(("127.0.0.1", server[0]), timeout=30) as client:
        started = time.perf_counter()
        client.sendall(HEAD + length + b"\r\n\r\n")
        broken = ""
        try:
            while sent < GIGABYTE:
                client.sendall(part)
                sent += len(MEGABYTE)
        except OSError as error:
            broken = f", then {error}"
        duration = (time.perf_counter() - started) * 1000
        print(f"\n1 GB sent: {sent / 1e6:.0f} MB went in {duration:.0f} ms{broken}")
        assert sent < 200e6
    with closing(connect(server[0])) as connection:
        assert predict(connection) == PREDICTION


@pytest.mark.parametrize("chunked", [False, True], ids=["declared", "in chunks"])
def test_an_ordinary_client_reads_why(server: tuple[int, int], chunked: bool) -> None:
    """A body over the limit, sent whole before the answer is read, is answered 413."""
    body = [MEGABYTE] * 17
    with closing(connect(server[0])) as connection:
        started = time.perf_counter()
        data = iter(body) if chunked else b"".join(body)
        connection.request("POST", "/v0/predict", data, HEADERS, encode_chunked=chunked)
        response = connection.getresponse()
        print(f"\n17 MB: answered in {(time.perf_counter() - started) * 1000:.0f} ms")
        assert (response.status, response.read()) == (413, TOO_LARGE)
        assert predict(connection) == PREDICTION


def test_ten_thousand_versions_that_there_are_not(server: tuple[int, int]) -> None:
    """Each is 404, and nothing is kept of them."""
    port, worker = server
    before = memory(worker)
    with closing(connect(port)) as connection:
        started = time.perf_counter()
        for number in range(10_000):
            connection.request("GET", f"/v{number + 1}/schema")
            response = connection.getresponse()
            assert response.status == 404
            response.read()
        print(f"\n10,000 versions: {time.perf_counter() - started:.1f} s")
        assert predict(connection) == PREDICTION
    grown = memory(worker) - before
    print(f"grown by {grown / 1e6:.1f} MB")
    assert grown < 20e6


def test_memory_stays_within_four_limits(server: tuple[int, int]) -> None:
    """Of one bomb at a time, over what the worker has when it is ready."""
    port, worker = server
    bodies = {name: (body, "application/json") for name, (body, _) in BOMBS.items()}
    csv_bodies = {
        "16,000,000 columns": b"," * 16_000_000,
        "590,000 names": b",".join(b"column %d" % i for i in range(590_000)),
        "16,000,000 fields": b"id,x_1,x_2,x_3,x_4\n" + b"," * 16_000_000,
        "8,000,000 rows": b"id,x_1,x_2,x_3,x_4\n" + b"1\n" * 8_000_000,
        "16,000,000 quotes": b'"' * 16_000_000,
    }
    bodies |= {f"CSV: {name}": (body, "text/csv") for name, body in csv_bodies.items()}
    packed = {
        f"gzip: {name}": (gzip.compress(body, 1), kind) for name, (body, kind) in bodies.items()
    }
    packed["gzip: a gigabyte"] = (gzip.compress(bytes(GIGABYTE), 1), "application/json")
    packed["gzip: 800,000 members"] = (gzip.compress(b"") * 800_000, "application/json")
    for name, (body, media_type) in (bodies | packed).items():
        headers = {"Content-Type": media_type}
        if name in packed:
            headers["Content-Encoding"] = "gzip"
        Path(f"/proc/{worker}/clear_refs").write_text("5")  # VmHWM begins anew
        before = memory(worker)
        with closing(connect(port)) as connection:
            connection.request("POST", "/v0/predict", body, headers)
            assert connection.getresponse().status in (400, 413)
        most = memory(worker, "VmHWM") - before
        print(f"\n{name}: {most / LIMIT:.1f} limits", end="")
        assert most < 4 * LIMIT
