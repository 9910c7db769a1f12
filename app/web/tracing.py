"""Traces: a span for each request, by OpenTelemetry, if the environment says where to send them.

Nothing is imported otherwise. The variables are OpenTelemetry's own, and it reads them itself:
https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/
"""

import logging
from collections.abc import Callable, Iterable, Mapping
from importlib.metadata import entry_points
from multiprocessing.util import Finalize
from typing import TYPE_CHECKING, Any

from app.web.exchange import PREDICT_ROUTE, ROUTE
from app.web.wsgi_request import Environ

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.trace import Span

WsgiApp = Callable[..., Any]

ENDPOINTS = "OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"
PROTOCOLS = "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL"
ATTRIBUTES = {
    "X-Model-Version": "model.version",
    "X-Model-Digest": "model.digest",
    "X-Request-ID": "request.id",
}
"""Header of the answer → attribute of the span."""

log = logging.getLogger(__name__)


def traced(wsgi_app: WsgiApp, variables: Mapping[str, str]) -> WsgiApp:
    """Return an application that also sends traces, or the same one if they are not wanted.

    If they are wanted but cannot be sent, a warning in the log says why.

    Parameters
    ----------
    wsgi_app : callable
    variables : mapping of str to str
        The environment.
    """
    names = _exporter_names(variables)
    if not names:
        return wsgi_app
    try:
        return with_spans(wsgi_app, _make_provider(names))
    except Exception as error:  # a wrong variable, or something is not installed
        log.warning("There are no traces, although OTEL_ variables ask for them: %s", error)
        return wsgi_app


def with_spans(wsgi_app: WsgiApp, provider: "TracerProvider | None" = None) -> WsgiApp:
    """Return an application that makes a span of each request, for a provider or the global one."""
    from opentelemetry.instrumentation.wsgi import OpenTelemetryMiddleware

    middleware: WsgiApp = OpenTelemetryMiddleware(wsgi_app, _begin, _end, provider)
    return middleware


def _exporter_names(variables: Mapping[str, str]) -> list[str]:
    """Return the names under which packages register the exporters that are asked for."""
    if variables.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        return []
    default = "otlp" if any(map(variables.get, ENDPOINTS)) else "none"
    names = (variables.get("OTEL_TRACES_EXPORTER") or default).split(",")
    protocol = next(filter(None, map(variables.get, PROTOCOLS)), "http/protobuf")
    # No package registers OpenTelemetry's own name: there is one package for each protocol.
    otlp = f"otlp_proto_{protocol.partition('/')[0]}"
    known = {"none": "", "otlp": otlp}
    return [*filter(None, (known.get(name, name) for name in map(str.strip, names)))]


def _make_provider(names: Iterable[str]) -> "TracerProvider | None":
    """Set the global provider, which sends spans, and return it; None if there is one already.

    Raises
    ------
    LookupError
        If an exporter is not installed.
    """
    from opentelemetry import trace
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    if isinstance(trace.get_tracer_provider(), TracerProvider):
        return None
    provider = TracerProvider(shutdown_on_exit=False)
    for name in names:
        found = [*entry_points(group="opentelemetry_traces_exporter", name=name)]
        if not found:
            raise LookupError(f"No exporter {name!r} is installed.")
        provider.add_span_processor(BatchSpanProcessor(found[0].load()()))
    # Not by atexit, which never runs in the workers.
    Finalize(None, provider.shutdown, exitpriority=0)
    trace.set_tracer_provider(provider)
    return provider


def _begin(span: "Span", environ: Environ) -> None:
    """Let the log, and what a view calls in turn, know the span's trace."""
    context = span.get_span_context()
    if context.is_valid:
        ids = f"{context.trace_id:032x}-{context.span_id:016x}"
        environ["HTTP_TRACEPARENT"] = f"00-{ids}-{context.trace_flags:02x}"


def _end(span: "Span", environ: Environ, status: str, headers: list[tuple[str, str]]) -> None:
    """Name a span by its route, not by its path: there are as many paths as clients make up."""
    route = environ.get(ROUTE, PREDICT_ROUTE)  # the fast path leaves no note
    version = environ["PATH_INFO"].split("/")[1] if "<version" in route else ""
    span.update_name(f"{environ['REQUEST_METHOD']} {route}" if route else "HTTP")
    attributes = {"http.route": route, "model.version": version}
    attributes |= {ATTRIBUTES[name]: value for name, value in headers if name in ATTRIBUTES}
    span.set_attributes({key: value for key, value in attributes.items() if value})
