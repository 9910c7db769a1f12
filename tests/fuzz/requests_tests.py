"""Requests made up: valid ones with bytes changed, and bodies, paths and headers of any kind."""

import random
from typing import Any

import orjson
import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fuzz.judge import CASES, KEY, ask
from tests.support.requests import ROW

SEEDS = [
    ("application/json", orjson.dumps(ROW)),
    ("application/json", orjson.dumps([ROW, ROW | {"x_1": None}])),
    ("application/json", orjson.dumps(ROW, option=orjson.OPT_INDENT_2)),
    ("text/csv", b'id,x_1,x_2,x_3,x_4\na,0,0,0,0\n"b, c",,1e3,-.5,2\n'),
    ("text/csv; charset=utf-8", "id,x_4,x_2,x_3,x_1\r\nü,0,0,0,0\r\n".encode()),
]
TOKENS = [
    *(b"\0", b"\n", b"\r\n", b"\t", b'"', b"'", b"\\", b"{", b"}", b"[", b"]", b",", b":", b";"),
    *(b"\xff", b"\xef\xbb\xbf", b"\xed\xa0\x80", b"\\ud800", b"\\u0000", b"NaN", b"-Infinity"),
    *(b"1e400", b"-0", b"1e-400", b"9" * 400, b"null", b"true", b"{}", b"[" * 40, b'""', b"=1+1"),
    *(b"<script>", b"../", b"%00", b"$(id)", b"' OR 1=1", b"{{7*7}}", b"__proto__", b"id", b"x_1"),
]


def mutate(source: random.Random, body: bytes) -> bytes:
    """Return a body with one to four changes: bytes flipped, cut, doubled, or tokens put in."""
    for _ in range(source.randint(1, 4)):
        at, size = source.randint(0, len(body)), source.choice([1, 1, 2, 5, 20])
        match source.randrange(5):
            case 0:
                body = body[:at] + bytes([source.randrange(256)]) + body[at + 1 :]
            case 1:
                body = body[:at] + body[at + size :]
            case 2:
                body = body[:at] + body[at : at + size] * source.choice([2, 3, 50]) + body[at:]
            case 3:
                body = body[:at] + source.choice(TOKENS) + body[at:]
            case _:
                body = body[:at] + source.choice(TOKENS) + body[at + size :]
    return body


@pytest.mark.parametrize("seed", range(10))
def test_changed_bodies(fuzzed: Flask, seed: int) -> None:
    """Half of all cases; the seeds are fixed, so that what fails can be repeated."""
    source = random.Random(seed)
    for _ in range(CASES // 20):
        media_type, body = source.choice(SEEDS)
        ask(
            fuzzed,
            path=source.choice(["/v0/predict", "/latest/predict", "/v7/predict"]),
            query=source.choice(["", "", "", "explain=true", "explain=maybe"]),
            headers={"Content-Type": media_type},
            body=mutate(source, body),
            chunked=source.random() < 0.3,
        )


LATIN = st.text(st.characters(max_codepoint=255), max_size=40)
VALUES = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | st.integers() | st.text(max_size=9),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=6,
)
ROWS = st.fixed_dictionaries(
    {"id": st.text(max_size=5) | st.integers()},
    optional={
        name: st.floats(-1e16, 1e16) | VALUES for name in ("x_1", "x_2", "x_3", "x_4", "x_5")
    },
)
BODIES = st.one_of(
    st.builds(lambda row: repr(row).encode(), VALUES),
    st.builds(lambda row: to_json(row), ROWS),
    st.builds(lambda rows: to_json(rows), st.lists(ROWS, max_size=3)),
    st.builds(lambda text: b"id,x_1,x_2,x_3,x_4\n" + text, st.binary(max_size=60)),
    st.binary(max_size=60),
)
SEGMENTS = st.sampled_from(
    [
        *("v0", "v7", "v9", "v00", "latest", "predict", "schema", "metadata", "healthcheck"),
        *("report", "static", "livez", "readyz", "metrics", "docs", "openapi.json"),
        *("..", ".", "", "%2e%2e", "\0"),
    ]
)
PATHS = st.one_of(
    st.sampled_from(["/v0/predict", "/v7/predict", "/latest/predict", "/v0", "/", "/v0/schema"]),
    st.lists(SEGMENTS | LATIN, max_size=4).map(lambda parts: "/" + "/".join(parts)),
)
HEADERS = st.fixed_dictionaries(
    {},
    optional={
        "Content-Type": st.sampled_from(["text/csv", "application/json;charset=utf-8"]) | LATIN,
        "Content-Length": st.sampled_from(["-1", "0", "1", "99999999999999999999", "٣", "+5"])
        | LATIN,
        "Content-Encoding": st.sampled_from(["gzip", "identity", "gzip, gzip"]) | LATIN,
        "Transfer-Encoding": LATIN,
        "Authorization": st.sampled_from(["Bearer", "Basic", "Basic Og==", f"Bearer {KEY}"])
        | LATIN,
        "X-API-Key": st.sampled_from([KEY, ""]) | LATIN,
        "X-Request-ID": LATIN,
        "X-Forwarded-For": st.sampled_from(["1.2.3.4", "a, b", ","]) | LATIN,
        "X-Forwarded-Proto": st.sampled_from(["https", "javascript"]) | LATIN,
        "X-Forwarded-Prefix": st.sampled_from(["/ml", "//evil.example", "/..", "/a b"]) | LATIN,
        "traceparent": st.sampled_from([f"00-{'1' * 32}-{'2' * 16}-01"]) | LATIN,
        "Host": st.sampled_from(["a,b", "[::1", "a:b", "a:99999", "xn--"]) | LATIN,
        "Accept": st.sampled_from(["text/html", "application/json", "*/*;q=x"]) | LATIN,
        "Origin": st.sampled_from(["https://page.example", "null"]) | LATIN,
        "Access-Control-Request-Method": LATIN,
        "Cookie": LATIN,
        "Range": st.sampled_from(["bytes=0-", "bytes=-1", "bytes=9-1"]) | LATIN,
        "If-None-Match": LATIN,
        "If-Modified-Since": LATIN,
        "Expect": LATIN,
    },
)
METHODS = st.sampled_from(["POST"] * 4 + ["GET", "HEAD", "OPTIONS", "PUT", "DELETE", "TRACE", "ß"])


def to_json(value: Any) -> bytes:
    """Return JSON, or Python's words for what has none (integers beyond 64 bits)."""
    try:
        return orjson.dumps(value)
    except TypeError:
        return repr(value).encode()


@settings(
    max_examples=CASES // 5,
    deadline=None,
    database=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)
@given(
    method=METHODS,
    path=PATHS,
    query=st.sampled_from(["", "explain=true", "explain=false&explain=true"]) | LATIN,
    headers=HEADERS,
    body=BODIES,
    chunked=st.booleans(),
)
def test_made_up_requests(fuzzed: Flask, **request: Any) -> None:
    """Any method, path, query, headers and body."""
    ask(fuzzed, **request)
