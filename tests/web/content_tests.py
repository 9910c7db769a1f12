"""Bodies compressed with gzip, and media types: what is read of them and what is refused."""

import gzip
import tracemalloc
from typing import Any

import orjson
import pytest
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.test import TestResponse

from app.helpers.errors import InvalidPayload, PayloadTooLarge
from app.web.content import gunzip
from tests.support.requests import ROW, MakeClient

NOT_GZIP = "Request body is not valid gzip."
MEGABYTE = 2**20
PREDICTION = {"id": "2", "prediction": 0.909}
CSV = b"id,x_1,x_2,x_3,x_4\n2,-2.0,-0.414120,0.2131,-1.2\n"


def send(
    client: FlaskClient, body: bytes, media_type: str = "application/json", encoding: str = ""
) -> TestResponse:
    """Post bytes twice, because only the second request may take the fast path."""
    headers = {"Content-Type": media_type} | ({"Content-Encoding": encoding} if encoding else {})
    first, second = (client.post("/v0/predict", data=body, headers=headers) for _ in range(2))
    assert (first.status, first.data) == (second.status, second.data)
    return second


@given(parts=st.lists(st.binary(max_size=9000), min_size=1, max_size=5), level=st.integers(0, 9))
def test_gzip_of_any_number_of_members_is_unpacked(parts: list[bytes], level: int) -> None:
    """Up to the limit, and not a byte beyond."""
    content = b"".join(parts)
    packed = b"".join(gzip.compress(part, level) for part in parts)
    assert gunzip(packed, len(content)) == content
    if content:
        with pytest.raises(PayloadTooLarge, match=r"^Request body is larger than"):
            gunzip(packed, len(content) - 1)


@given(content=st.binary(max_size=300), data=st.data())
def test_gzip_that_is_cut_off_or_goes_on_is_refused(content: bytes, data: Any) -> None:
    """A part of a file could hold fewer rows; what follows could hide anything."""
    packed = gzip.compress(content)
    cut = data.draw(st.integers(0, len(packed) - 1))
    more = data.draw(st.binary(min_size=1, max_size=9))
    for wrong in (packed[:cut], packed + more):
        with pytest.raises(InvalidPayload, match=f"^{NOT_GZIP}$"):
            gunzip(wrong, MEGABYTE)


@given(content=st.binary(min_size=20, max_size=300), data=st.data())
def test_gzip_that_was_altered_is_noticed(content: bytes, data: Any) -> None:
    """By its checksum, wherever it holds data."""
    packed = bytearray(gzip.compress(content))
    packed[data.draw(st.integers(10, len(packed) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    try:
        unpacked = gunzip(bytes(packed), MEGABYTE)
    except InvalidPayload:
        return
    assert unpacked == content  # a bit that says nothing was changed


def test_a_bomb_takes_little_memory() -> None:
    """It is unpacked up to the limit, not up to its size."""
    bomb, limit = gzip.compress(bytes(100 * MEGABYTE), 1), 10 * MEGABYTE
    tracemalloc.start()
    try:
        with pytest.raises(PayloadTooLarge, match=f"^Request body is larger than {limit} bytes"):
            gunzip(bomb, limit)
        assert tracemalloc.get_traced_memory()[1] < 2 * limit
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("encoding", ["gzip", "GZIP", "x-gzip", "identity, gzip", "gzip,", " gzip"])
def test_compressed_rows_are_answered_like_any_others(client: FlaskClient, encoding: str) -> None:
    """JSON and CSV."""
    response = send(client, gzip.compress(orjson.dumps(ROW)), encoding=encoding)
    assert (response.status_code, response.json) == (200, PREDICTION)
    response = send(client, gzip.compress(CSV), "text/csv", encoding)
    assert (response.status_code, response.text) == (200, "id,prediction\n2,0.909\n")


@pytest.mark.parametrize("encoding", ["", "identity", "Identity", "identity, identity", ","])
@pytest.mark.parametrize(
    "media_type",
    [
        "application/json",
        "Application/JSON;charset=UTF-8",
        'application/json; charset="utf8"',
        "application/json; charset=us-ascii",
        "application/json; charset=ASCII; version=1",
    ],
)
def test_a_charset_within_utf_8_and_no_compression_may_be_said(
    client: FlaskClient, media_type: str, encoding: str
) -> None:
    """ASCII is UTF-8, and identity means nothing was done."""
    response = send(client, orjson.dumps(ROW), media_type, encoding)
    assert (response.status_code, response.json) == (200, PREDICTION)


@pytest.mark.parametrize(
    ("media_type", "encoding", "message"),
    [
        ("text/plain", "br", "Content-Type must be application/json or text/csv."),
        ("", "", "Content-Type must be application/json or text/csv."),
        ("text/plain; charset=latin-1", "", "Content-Type must be application/json or text/csv."),
        ("application/json; charset=latin-1", "br", "The charset must be UTF-8."),
        ("text/csv; charset=utf-16", "", "The charset must be UTF-8."),
    ],
)
def test_a_body_of_another_kind_is_refused(
    client: FlaskClient, media_type: str, encoding: str, message: str
) -> None:
    """415 names the first thing that is wrong with it."""
    response = send(client, b"", media_type, encoding)
    assert (response.status_code, response.json) == (415, {"message": message})
    assert "Accept-Encoding" not in response.headers


@pytest.mark.parametrize(
    "encoding", ["br", "deflate", "zstd", "gzip, gzip", "gzip, br", "gzip;q=1"]
)
def test_another_encoding_is_refused(client: FlaskClient, encoding: str) -> None:
    """415 says in a header, too, what a client may use instead; nobody needs gzip twice."""
    response = send(client, gzip.compress(orjson.dumps(ROW)), encoding=encoding)
    assert response.status_code == 415
    assert response.json == {"message": "The Content-Encoding must be gzip or identity."}
    assert response.headers["Accept-Encoding"] == "gzip, identity"


def test_checks_run_in_the_order_that_clients_know(make_client: MakeClient) -> None:
    """Version, media type, size, gzip, JSON, schema."""
    client = make_client(max_body_bytes=200)
    bomb, row = gzip.compress(bytes(201)), gzip.compress(b"{}")
    sent = [
        ("/v9/predict", "text/plain", "br", b"x" * 201, 404),
        ("/v0/predict", "text/plain", "gzip", b"x" * 201, 415),
        ("/v0/predict", "application/json", "gzip", b"x" * 201, 413),
        ("/v0/predict", "application/json", "gzip", bomb, 413),
        ("/v0/predict", "application/json", "gzip", row[:-1], 400),
        ("/v0/predict", "application/json", "gzip", row, 400),
    ]
    messages = []
    for path, media_type, encoding, body, status in sent:
        headers = {"Content-Type": media_type, "Content-Encoding": encoding}
        response = client.post(path, data=body, headers=headers)
        assert response.status_code == status
        messages.append(response.get_json()["message"])
    assert messages == [
        "Trained model version 'v9' was not found.",
        "Content-Type must be application/json or text/csv.",
        "Request body is larger than 200 bytes.",
        "Request body is larger than 200 bytes.",
        NOT_GZIP,
        "Missing keys: 'id', 'x_1', 'x_2', 'x_3', 'x_4'",
    ]
