"""Requests whose end two readers may see in different places: never two answers to one request."""

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.chaos.front import BODY, HEAD, PREDICTION, answers, two_replicas
from tests.support.configs import make_config
from tests.support.nginx import NGINX
from tests.support.servers import running_server

SIZE = b"%d" % len(BODY)
SMUGGLED = b"GET /v0/smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
GET = b"GET /livez HTTP/1.1\r\n"

# Each is refused, with or without an answer, and what follows in the same bytes is not answered.
REFUSED = {
    "two lengths": HEAD + b"Content-Length: 0\r\nContent-Length: " + SIZE + b"\r\n\r\n" + BODY,
    "two lengths in one": HEAD + b"Content-Length: 0, " + SIZE + b"\r\n\r\n" + BODY,
    "length and chunks": HEAD
    + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
    + SMUGGLED,
    "chunks and length": HEAD
    + b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n"
    + SMUGGLED,
    "negative length": HEAD + b"Content-Length: -1\r\n\r\n" + BODY,
    "length with a plus": HEAD + b"Content-Length: +5\r\n\r\n" + BODY,
    "hexadecimal length": HEAD + b"Content-Length: 0x10\r\n\r\n" + BODY,
    "empty length": HEAD + b"Content-Length:\r\n\r\n" + BODY,
    "length beyond 64 bits": HEAD + b"Content-Length: 99999999999999999999\r\n\r\n" + BODY,
    "space before the colon": HEAD + b"Content-Length : 5\r\n\r\n" + BODY,
    "an encoding that nobody knows": HEAD + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "chunked twice": HEAD + b"Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
    "chunked, then identity": HEAD + b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
    "chunked behind a tab": HEAD + b"Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n",
    "chunk size that is none": CHUNKED + b"zz\r\n{}\r\n0\r\n\r\n" + SMUGGLED,
    "chunk size with 0x": CHUNKED + b"0x2\r\n{}\r\n0\r\n\r\n" + SMUGGLED,
    "negative chunk size": CHUNKED + b"-2\r\n{}\r\n0\r\n\r\n" + SMUGGLED,
    "chunk size beyond 64 bits": CHUNKED + b"1" * 20 + b"\r\n{}\r\n0\r\n\r\n" + SMUGGLED,
    "chunk longer than its size": CHUNKED + b"1\r\n{}\r\n0\r\n\r\n" + SMUGGLED,
    "chunk without its line break": CHUNKED + b"2\r\n{}0\r\n\r\n" + SMUGGLED,
    "chunks in HTTP/1.0": CHUNKED.replace(b"1.1", b"1.0") + b"2\r\n{}\r\n0\r\n\r\n" + SMUGGLED,
    "continued header line": GET + b"Host: localhost\r\nX-A: a\r\n b\r\n\r\n",
    "continued first header": GET + b" Host: localhost\r\n\r\n",
    "no Host": GET + b"\r\n",
    "two Hosts": GET + b"Host: localhost\r\nHost: example.com\r\n\r\n",
    "NUL in a header": GET + b"Host: localhost\r\nX-A: a\x00b\r\n\r\n",
    "CR in a header": GET + b"Host: localhost\r\nX-A: a\rb\r\n\r\n",
    "header without a colon": GET + b"Host: localhost\r\nX-A\r\n\r\n",
    "header without a name": GET + b"Host: localhost\r\n: a\r\n\r\n",
    "no version": b"GET /livez\r\nHost: localhost\r\n\r\n",
    "a version to come": b"GET /livez HTTP/9.9\r\nHost: localhost\r\n\r\n",
    "HTTP/2's preface": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
}
MENDED_BY_NGINX = {"header without a colon"}  # it hands on an empty header
# Some read these as they are meant, others refuse them (RFC 9112, 2.2): at most one answer each.
LENIENT = {
    "three spaces": b"GET  /livez   HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "bare LF": GET.replace(b"\r", b"") + b"Host: localhost\n\n",
    "LF before the body": HEAD + b"Content-Length: " + SIZE + b"\n\n" + BODY,
    "bare LF in chunks": CHUNKED + b"2\n{}\n0\n\n",
    "chunk extension": CHUNKED + b"2;a=b\r\n{}\r\n0\r\n\r\n",
    "trailer": CHUNKED + b"2\r\n{}\r\n0\r\nContent-Length: 5\r\n\r\n",
    "the same length twice": HEAD + (b"Content-Length: " + SIZE + b"\r\n") * 2 + b"\r\n" + BODY,
    "whole address": b"GET http://localhost/livez HTTP/1.1\r\nHost: example.com\r\n\r\n",
    "line breaks before": b"\r\n\r\n" + GET + b"Host: localhost\r\n\r\n",
    "body of a GET": GET + b"Host: localhost\r\nContent-Length: 47\r\n\r\n" + SMUGGLED,
}


@pytest.fixture(scope="module", params=["direct", "behind nginx"])
def port(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, dummy_model: str
) -> Iterator[int]:
    """The port of the server, or of nginx before two of it."""
    root = tmp_path_factory.mktemp("smuggling")
    config = make_config(root)
    os.link(dummy_model, Path(config.models_root, "trained-model-v0.p"))
    if request.param == "direct":
        with running_server(config, workers=1) as (port, _):
            yield port
    elif os.path.exists(NGINX):
        with two_replicas(root, config) as (port, _):
            yield port
    else:
        pytest.skip("apt-get install nginx")


def statuses(received: bytes) -> list[int]:
    """Return the status of each answer in the bytes of a connection."""
    return [int(status) for status in re.findall(rb"^HTTP/1\.[01] (\d+)", received, re.MULTILINE)]


@pytest.mark.parametrize("name", REFUSED)
def test_a_request_that_is_ambiguous_is_refused(
    port: int, name: str, request: pytest.FixtureRequest
) -> None:
    """With 4xx or 501, or no word; and nothing is taken for a second request."""
    received = answers(port, REFUSED[name])
    found = statuses(received)
    assert len(found) <= 1, received
    is_mended = name in MENDED_BY_NGINX and "behind nginx" in request.node.name
    assert is_mended or all(400 <= s < 500 or s in (501, 505) for s in found), received
    assert b"smuggled" not in received


@pytest.mark.parametrize("name", LENIENT)
def test_a_request_that_is_odd_has_at_most_one_answer(port: int, name: str) -> None:
    """It is read as it is meant, or refused."""
    received = answers(port, LENIENT[name])
    assert len(statuses(received)) <= 1, received
    assert b"smuggled" not in received


def test_requests_one_behind_the_other_are_answered_in_order(port: int) -> None:
    """Pipelining is no smuggling: three requests, three answers."""
    one = HEAD + b"Content-Length: " + SIZE + b"\r\n\r\n" + BODY
    last = one.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n", 1)
    received = answers(port, one + one + last)
    assert statuses(received) == [200, 200, 200]
    assert received.count(PREDICTION) == 3
