"""JSON's corner cases, as a whole body and wherever a value or a key may stand."""

import orjson
import pytest
from flask import Flask

from tests.fuzz.json_corpus import WHOLE
from tests.fuzz.judge import ask

ROW = b'{"id":"2","x_1":-2.0,"x_2":-0.4,"x_3":0.2,"x_4":-1.2}'
FRAMES = {
    "id": (b'{"id":', b',"x_1":-2.0,"x_2":-0.4,"x_3":0.2,"x_4":-1.2}'),
    "a feature": (b'{"id":"2","x_1":-2.0,"x_2":', b',"x_3":0.2,"x_4":-1.2}'),
    "the last feature": (b'{"id":"2","x_1":-2.0,"x_2":-0.4,"x_3":0.2,"x_4":', b"}"),
    "a key": (b'{"id":"2",', b':0,"x_1":-2.0,"x_2":-0.4,"x_3":0.2,"x_4":-1.2}'),
    "the last row": (b"[" + ROW + b",", b"]"),
    "the first row": (b"[", b"," + ROW + b"]"),
    "before a row": (b"", ROW),
    "behind a row": (ROW, b""),
}


@pytest.mark.parametrize(("name", "text", "kind"), WHOLE, ids=[name for name, _, _ in WHOLE])
@pytest.mark.parametrize("chunked", [False, True], ids=["with its length", "in chunks"])
def test_a_document(fuzzed: Flask, name: str, text: bytes, kind: str, chunked: bool) -> None:
    """What is no JSON is called so, what is JSON is not, and nothing of it is predicted from."""
    status, _, body = ask(fuzzed, body=text, chunked=chunked)
    if text == b"[]":
        assert (status, body) == (200, b"[]\n")
        return
    message = orjson.loads(body)["message"]
    if status == 413:
        assert message.startswith("Request has more ")
        assert len(text) >= 100_000
        return
    assert status == 400
    if kind == "n":
        assert message.startswith(("Request body is not valid JSON.", "Request body is nested too"))
    if kind == "y":
        assert "not valid JSON" not in message


@pytest.mark.parametrize("frame", FRAMES)
@pytest.mark.parametrize("path", ["/v0/predict", "/latest/predict", "/v0/predict?explain=true"])
def test_a_part_of_a_document(fuzzed: Flask, frame: str, path: str) -> None:
    """Whatever stands where, it is answered; with a digit before or after, it is another thing."""
    before, after = FRAMES[frame]
    path, _, query = path.partition("?")
    for _, text, _ in WHOLE:
        for inner in (text, b"1" + text, text + b"1", text + b",", b'"a":' + text):
            ask(fuzzed, path=path, query=query, body=before + inner + after)
