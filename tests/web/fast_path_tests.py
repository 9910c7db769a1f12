"""The fast path: with and without it every answer is the same, request id apart."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from werkzeug.test import EnvironBuilder, run_wsgi_app

from app.app import create_app
from app.telemetry.records import Record
from tests.support.configs import make_config
from tests.support.requests import ROW

HEADERS = {"Content-Type": "application/json"}

Answer = tuple[str, list[tuple[str, str]], bytes]


def ask(
    app: Flask, body: bytes, path: str = "/v0/predict", method: str = "POST", **more: Any
) -> Answer:
    """Return the status, the headers and the body of an answer."""
    headers = more.pop("headers", HEADERS)
    builder = EnvironBuilder(path, method=method, data=body, headers=headers, **more)
    chunks, status, answered = run_wsgi_app(app, builder.get_environ(), buffered=True)
    builder.close()
    return status, list(answered), b"".join(chunks)


def comparable(answer: Answer) -> Answer:
    """Return an answer less its request id."""
    status, headers, body = answer
    return status, [(n, v if n != "X-Request-ID" else "") for n, v in headers], body


@pytest.fixture(scope="module")
def apps(tmp_path_factory: pytest.TempPathFactory, dummy_model: str) -> tuple[Flask, Flask]:
    """The application with the fast path and without; their small limits are the same."""
    config = make_config(tmp_path_factory.mktemp("fast"))
    shutil.copy(dummy_model, config.models_root)
    Path(config.models_root, "trained-model-v1.p").write_bytes(b"garbage")
    config = replace(config, api_keys="secret", max_body_bytes=400, max_json_rows=3)
    config = replace(config, trusted_hosts="localhost,a", cors_origins="https://page.example")
    return create_app(config), create_app(replace(config, fast_path=0))


NUMBERS = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False),
    st.integers(-(2**63), 2**64 - 1),
    st.just(-0.0),
)
VALUES = st.one_of(NUMBERS, st.none(), st.booleans(), st.text(max_size=4), st.lists(st.none()))
VALID_ROWS = st.fixed_dictionaries(
    {
        "id": st.one_of(st.text(max_size=300), st.integers(-(2**53), 2**53)),
        "x_1": st.one_of(st.none(), st.floats(-1e15, 1e15)),
        "x_2": st.floats(-1e6, 1e6),
        "x_3": st.floats(-10, 10),
        "x_4": st.integers(-10, 10),
    }
)
ROWS = st.one_of(
    VALID_ROWS,
    st.dictionaries(st.sampled_from(["id", "x_1", "x_2", "x_3", "x_4", "x_5"]), VALUES),
    st.builds(lambda row, changes: row | changes, VALID_ROWS, st.dictionaries(st.text(), VALUES)),
)
BODIES = st.one_of(
    ROWS.map(orjson.dumps),
    st.lists(ROWS, max_size=4).map(orjson.dumps),
    VALID_ROWS.map(lambda row: orjson.dumps(row, option=orjson.OPT_INDENT_2)),
    VALID_ROWS.map(lambda row: orjson.dumps(row)[:-1]),
    st.binary(max_size=40),
    st.just(b" " * 401),
)
PATHS = st.sampled_from(
    ["/v0/predict"] * 6
    + ["/latest/predict", "/v1/predict", "/v2/predict", "//predict", "/predict", "/v0//predict"]
    + ["/v0/predict/", "/v00/predict", "/v0/schema", "/v0%2Fpredict", "/v%D9%A0/predict"]
)
HEADER_SETS = st.fixed_dictionaries(
    {},
    optional={
        "Content-Type": st.sampled_from(
            ["application/json"] * 6
            + ["application/json; charset=utf-8", "Application/JSON", "text/csv", "text/plain", ""]
            + ["application/json;charset=us-ascii", "application/json; charset=latin-1"]
        ),
        "X-API-Key": st.sampled_from(["secret"] * 6 + ["wrong", ""]),
        "Authorization": st.sampled_from(["Bearer secret", "Bearer wrong", "Basic OnNlY3JldA=="]),
        "Content-Encoding": st.sampled_from(["gzip", "identity", "br", ""]),
        "X-Request-ID": st.sampled_from(["mine-1", "not mine", "x" * 65]),
        "Host": st.sampled_from(["a", "a,b", "a:80", "b"]),
        "Accept": st.sampled_from(["text/html", "*/*"]),
        "Origin": st.sampled_from(["https://page.example", "https://other.example", "null"]),
    },
)
QUERIES = st.sampled_from([""] * 8 + ["explain=true", "explain=no", "a=b"])
METHODS = st.sampled_from(["POST"] * 8 + ["GET", "PUT", "HEAD", "OPTIONS"])
CHUNKED = {"wsgi.input_terminated": True, "CONTENT_LENGTH": ""}


@settings(
    max_examples=600, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    body=BODIES,
    path=PATHS,
    headers=HEADER_SETS,
    query=QUERIES,
    method=METHODS,
    environ=st.sampled_from([{}, {}, {}, CHUNKED, {"SERVER_PROTOCOL": "HTTP/1.0"}]),
)
def test_every_answer_is_the_same(
    apps: tuple[Flask, Flask],
    body: bytes,
    path: str,
    headers: dict[str, str],
    query: str,
    method: str,
    environ: dict[str, Any],
) -> None:
    """Status, headers in their order, and bytes."""
    headers = {"Content-Type": "application/json", "X-API-Key": "secret"} | headers
    more = {"headers": headers, "query_string": query, "environ_overrides": environ}
    fast, plain = (ask(app, body, path, method, **more) for app in apps)
    assert comparable(fast) == comparable(plain)


@settings(max_examples=200, deadline=None)
@given(row=VALID_ROWS)
def test_every_valid_row_is_answered_alike(apps: tuple[Flask, Flask], row: dict[str, Any]) -> None:
    """The happy case, which the property above seldom meets."""
    headers = HEADERS | {"X-API-Key": "secret"}
    fast, plain = (ask(app, orjson.dumps(row), headers=headers) for app in apps)
    assert comparable(fast) == comparable(plain)


def count_calls(function: Callable[..., Any]) -> tuple[Callable[..., Any], list[None]]:
    """Return a function that does the same, and a list that grows with each call."""
    calls: list[None] = []

    def counted(*args: Any) -> Any:
        calls.append(None)
        return function(*args)

    return counted, calls


def reach_flask(app: Flask, *answers: Callable[[], object]) -> list[int]:
    """Return how many requests have reached Flask after each of these."""
    app.wsgi_app._wsgi_app, calls = count_calls(app.wsgi_app._wsgi_app)  # type: ignore[attr-defined]
    return [(answer(), len(calls))[1] for answer in answers]


def test_only_the_happy_case_is_answered_before_flask(app: Flask) -> None:
    """Flask loads the model and finds out what is latest; then it sees what is out of the way."""
    body = orjson.dumps(ROW)
    seen = reach_flask(
        app,
        lambda: ask(app, body),
        lambda: ask(app, body),
        lambda: ask(app, body),
        lambda: ask(app, body, "/latest/predict"),
        lambda: ask(app, body, "/latest/predict"),
        lambda: ask(app, orjson.dumps([ROW])),
        lambda: ask(app, body, query_string="explain=true"),
        lambda: ask(app, body, "/v9/predict"),
        lambda: ask(app, body),
        lambda: ask(app, body, headers={"Content-Type": "application/json; charset=utf-8"}),
        lambda: ask(app, body, headers=HEADERS | {"Content-Encoding": "identity"}),
    )
    assert seen == [1, 1, 1, 2, 2, 3, 4, 5, 5, 5, 6]


def test_a_model_that_fails_is_answered_by_flask(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As anything unforeseen: 500, the request's id, and the traceback in the log."""
    body = orjson.dumps(ROW)
    assert ask(app, body)[0] == "200 OK"

    def fail(*args: object) -> None:
        raise RuntimeError("a secret")

    monkeypatch.setattr("app.store.trained_model.TrainedModel.predict_vector", fail)
    monkeypatch.setattr("app.store.trained_model.TrainedModel.predict_columns", fail)
    status, headers, answer = ask(app, body)
    assert status == "500 INTERNAL SERVER ERROR"
    assert orjson.loads(answer) == {
        "message": "Internal server error.",
        "request_id": dict(headers)["X-Request-ID"],
    }


def test_both_ways_leave_the_same_record(app: Flask, config_with_v0: Any) -> None:
    """Log and metrics cannot tell them apart."""
    plain = create_app(replace(config_with_v0, fast_path=0))
    body = orjson.dumps(ROW)
    kept: list[Record] = []
    for application in (app, plain):
        records = application.extensions["services"].records
        records._sinks = (kept.extend,)
        for _ in range(2):
            ask(application, body, headers=HEADERS | {"X-Request-ID": "mine"})
        records.flush()
    assert len(kept) == 4
    assert kept[0].outcome.vector == tuple(ROW[name] for name in ("x_1", "x_2", "x_3", "x_4"))
    alike = {str(record._replace(time=0.0, duration=0.0)) for record in kept}
    assert len(alike) == 1
