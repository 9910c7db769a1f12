"""Traces by OpenTelemetry: a span of each request, if variables ask for it, and else nothing."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import orjson
import pytest
from flask import Flask, request
from flask.testing import FlaskClient
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from app.app import create_app
from app.settings import Settings
from app.web.tracing import traced, with_spans
from tests.support.programs import run_program
from tests.support.requests import ROW, post
from tests.support.servers import read, running_server

TRACE, PARENT = "7e" * 16, "5b" * 8
TRACEPARENT = f"00-{TRACE}-{PARENT}-01"
PREDICTION = b'{"id":"2","prediction":0.909}\n'
ENDPOINT = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9"}


@pytest.fixture
def spans() -> InMemorySpanExporter:
    """Where the spans are kept."""
    return InMemorySpanExporter()


@pytest.fixture(params=[1, 0], ids=["fast path", "Flask"])
def client(
    request: pytest.FixtureRequest, config_with_v0: Settings, spans: InMemorySpanExporter
) -> FlaskClient:
    """A client of an application with traces, which has its model loaded."""
    app = create_app(replace(config_with_v0, fast_path=request.param))
    assert post(app.test_client(), ROW).status_code == 200
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(spans))
    app.wsgi_app = with_spans(app.wsgi_app, provider)  # type: ignore[method-assign]
    return app.test_client()


def test_each_prediction_has_a_span_with_its_version(
    client: FlaskClient, spans: InMemorySpanExporter
) -> None:
    """The real one behind latest; the span continues the client's trace."""
    for path in ("/v0/predict", "/latest/predict", "/latest/predict"):
        answer = post(client, ROW, path, traceparent=TRACEPARENT, **{"X-Request-ID": "mine"})
        assert (answer.status_code, answer.data) == (200, PREDICTION)
    finished = spans.get_finished_spans()
    assert len(finished) == 3
    for span in finished:
        attributes = dict(span.attributes or {})
        assert span.name == "POST /<version>/predict"
        assert attributes["http.route"] == "/<version>/predict"
        assert attributes["http.status_code"] == 200
        assert attributes["model.version"] == "v0"
        assert attributes["model.digest"] == answer.headers["X-Model-Digest"]
        assert attributes["request.id"] == "mine"
        assert span.context is not None
        assert span.parent is not None
        assert f"{span.context.trace_id:032x}" == TRACE
        assert f"{span.parent.span_id:016x}" == PARENT


@pytest.mark.parametrize(
    ("path", "status", "name", "version"),
    [
        ("/v0/predict?explain=no", 400, "POST /<version>/predict", "v0"),
        ("/v9/predict", 404, "POST /<version>/predict", "v9"),
        ("/made/up/by/a/client", 404, "HTTP", None),
        ("/livez", 405, "HTTP", None),
    ],
)
def test_each_refusal_has_a_span(
    client: FlaskClient,
    spans: InMemorySpanExporter,
    path: str,
    status: int,
    name: str,
    version: str | None,
) -> None:
    """Named by its route, of which there are few."""
    answer = post(client, ROW, path)
    assert (answer.status_code, b"message" in answer.data) == (status, True)
    (span,) = spans.get_finished_spans()
    attributes = dict(span.attributes or {})
    assert (span.name, attributes["http.status_code"]) == (name, status)
    assert attributes.get("model.version") == version


def test_a_trace_reaches_whatever_else_belongs_to_the_request(
    client: FlaskClient, spans: InMemorySpanExporter
) -> None:
    """A view, and the log, find it where they would find a client's own."""
    client.application.view_functions["api.livez"] = lambda: request.headers["traceparent"]
    told = client.get("/livez").text
    (span,) = spans.get_finished_spans()
    assert span.context is not None
    ids = f"{span.context.trace_id:032x}-{span.context.span_id:016x}"
    assert told == f"00-{ids}-{span.context.trace_flags:02x}"


def test_answers_are_the_same_with_traces_and_without(client: FlaskClient, app: Flask) -> None:
    """Byte by byte, also where a client says nonsense."""
    plain, same = app.test_client(), {"X-Request-ID": "same"}
    assert post(plain, ROW).status_code == 200
    for path, headers in (
        ("/v0/predict", {}),
        ("/v0/predict?a=1&a", {"traceparent": "nonsense", "baggage": "\xff;;=,"}),
        ("/v0/predict", {"Host": "a,b", "User-Agent": "\x7f"}),
        ("/\xff%00/predict", {"Host": "[::1"}),
    ):
        one, other = (post(each, ROW, path, **headers, **same) for each in (client, plain))
        assert (one.status, one.data, [*one.headers]) == (
            other.status,
            other.data,
            [*other.headers],
        )


def test_nothing_is_imported_unless_it_is_asked_for(tmp_path: Path) -> None:
    """The application then is what it is without OpenTelemetry."""
    program = """
import sys, app.app
print([name for name in sys.modules if "opentelemetry" in name], type(app.app.app.wsgi_app))
"""
    told = run_program(program, LOGS_ROOT=str(tmp_path), OTEL_SERVICE_NAME="churn")
    assert told == "[] <class 'app.web.fast_path.FastPath'>\n"


@pytest.mark.parametrize(
    "variables",
    [
        {},
        {"OTEL_SERVICE_NAME": "churn", "OTEL_EXPORTER_OTLP_ENDPOINT": ""},
        ENDPOINT | {"OTEL_SDK_DISABLED": "true"},
        ENDPOINT | {"OTEL_TRACES_EXPORTER": "none"},
    ],
)
def test_these_variables_ask_for_no_traces(variables: dict[str, str]) -> None:
    """There is no place to send them to, or somebody said no."""
    assert traced(fail, variables) is fail


@pytest.mark.parametrize(
    ("variables", "reason"),
    [
        ({"OTEL_TRACES_EXPORTER": "zipkin"}, "No exporter 'zipkin' is installed."),
        (
            ENDPOINT | {"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"},
            "No exporter 'otlp_proto_grpc' is installed.",
        ),
    ],
)
def test_traces_that_cannot_be_sent_do_not_stop_the_server(
    variables: dict[str, str], reason: str, caplog: pytest.LogCaptureFixture
) -> None:
    """A warning in the log says why there are none."""
    assert traced(fail, variables) is fail
    assert caplog.messages == [
        f"There are no traces, although OTEL_ variables ask for them: {reason}"
    ]


def fail(environ: Any, start_response: Any) -> Any:
    """Be an application that nobody calls."""
    raise AssertionError


def test_a_server_sends_its_traces_where_variables_say(
    config_with_v0: Settings,
) -> None:
    """Every span has arrived when the server has stopped, and the log names the same traces."""
    config = replace(config_with_v0, log_format="json")
    with collector() as (port, received):
        variables = {
            "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{port}",
            "OTEL_SERVICE_NAME": "churn",
            "NO_PROXY": "127.0.0.1",
        }
        with running_server(config, 1, **variables) as (served, _):
            for _ in range(2):
                assert "prediction" in read(served, "/v0/predict", orjson.dumps(ROW))
            assert read(served, "/livez") == "OK"
    resources = [resource for each in received for resource in each.resource_spans]
    sent = [span for each in resources for scope in each.scope_spans for span in scope.spans]
    log = Path(config.logs_root, "application.log").read_text().splitlines()
    logged = [json.loads(line)["trace_id"] for line in log if "trace_id" in line]
    assert logged == [span.trace_id.hex() for span in sent]
    assert [span.name for span in sent] == ["POST /<version>/predict"] * 2 + ["GET /livez"]
    for each in resources:
        told = {pair.key: pair.value.string_value for pair in each.resource.attributes}
        assert told["service.name"] == "churn"


@contextmanager
def collector() -> Iterator[tuple[int, list[Any]]]:
    """Run a collector, and give its port and what it receives."""
    received: list[Any] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            assert self.path == "/v1/traces"
            body = self.rfile.read(int(self.headers["Content-Length"]))
            received.append(ExportTraceServiceRequest.FromString(body))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server.server_port, received
        finally:
            server.shutdown()
            thread.join()
