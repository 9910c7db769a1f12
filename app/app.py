"""The application, and the one table that turns what goes wrong into a status.

`python -m app.app` serves it.
"""

import os
import time
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from typing import Any

from flask import Flask, Response, current_app, g, request
from werkzeug.exceptions import HTTPException, MethodNotAllowed, NotFound
from werkzeug.middleware.proxy_fix import ProxyFix

from app import settings
from app.helpers import errors
from app.store.model_store import LATEST, ModelStore
from app.store.signing_key import SigningKeys
from app.telemetry import logs
from app.telemetry.metrics import Metrics
from app.telemetry.records import Record, Records
from app.web.access.api_keys import ApiKeys, is_open
from app.web.access.cors import Cors
from app.web.access.hosts import TrustedHosts
from app.web.access.response_headers import SAFE_HEADERS
from app.web.api import api, json_response, predict, services
from app.web.fast_path import FastPath
from app.web.pages import pages
from app.web.services import Limits, Services
from app.web.wsgi_request import drain_body, has_one_host, request_id

STATUSES: dict[type[Exception], int] = {
    errors.InvalidRequest: 400,
    errors.InvalidPayload: 400,
    errors.NotExplainable: 400,
    errors.Unauthorized: 401,
    errors.UnknownVersion: 404,
    errors.PayloadTooLarge: 413,
    errors.UnknownMediaType: 415,
    errors.UnavailableVersion: 503,
}
MESSAGES: dict[type[HTTPException], str] = {
    NotFound: "Not found.",
    MethodNotAllowed: "Method not allowed.",
}
HEADERS: dict[type[Exception], list[tuple[str, str]]] = {
    errors.Unauthorized: [
        ("WWW-Authenticate", "Bearer"),
        ("WWW-Authenticate", 'Basic realm="the API key is the password", charset="UTF-8"'),
    ],
    errors.UnavailableVersion: [("Retry-After", "30")],  # as long as a failed load is remembered
}


def create_app(config: settings.Settings | None = None) -> Flask:
    """Return the application; `config` holds every setting, by default those of the environment."""
    config = config or settings.current
    for name in settings.SECRETS:  # servers copy the environment into every request
        os.environ.pop(name, None)
    app = Flask(__name__, static_folder=None)
    app.url_map.merge_slashes = False
    shared = app.extensions["services"] = _make_services(config)
    app.before_request(_begin)
    app.after_request(_end)
    app.register_error_handler(Exception, _answer_error)
    app.register_blueprint(api)
    app.register_blueprint(pages)
    if config.fast_path:
        applies = partial(_does_no_more_than_the_fast_path, app)
        app.wsgi_app = FastPath(app.wsgi_app, shared, applies)  # type: ignore[method-assign]
    if proxies := config.trusted_proxies:
        app.wsgi_app = ProxyFix(app.wsgi_app, proxies, proxies)  # type: ignore[method-assign]
    return app


def _make_services(config: settings.Settings) -> Services:
    log = logs.configure(config.logs_root, config.log_max_bytes, config.log_backup_count)
    metrics = Metrics()
    keys = SigningKeys(config.model_signing_key, config.model_signing_key_file)
    store = ModelStore(
        config.models_root, keys, config.max_loaded_models, on_load=metrics.count_load
    )

    def report(_: Sequence[Record]) -> None:
        """Tell after each batch what this process alone knows."""
        metrics.count_lost(log.dropped, records.dropped, records.failures)
        metrics.show_outdated(store.outdated())

    records = Records([log.write_requests, metrics.count_requests, report])
    return Services(
        store,
        ApiKeys(config.api_keys),
        TrustedHosts(config.trusted_hosts),
        Cors(config.cors_origins),
        Limits(config.max_body_bytes, config.max_json_rows, config.max_csv_rows),
        records,
        metrics,
    )


def _does_no_more_than_the_fast_path(app: Flask) -> bool:
    """Whether Flask would run our code alone; a fork may have added authentication, say."""
    hooks = {
        id(function)
        for by_blueprint in (
            app.before_request_funcs,
            app.after_request_funcs,
            app.teardown_request_funcs,
            app.url_value_preprocessors,
        )
        for functions in by_blueprint.values()
        for function in functions
    }
    is_ours = hooks == {id(_begin), id(_end)} and app.view_functions["api.predict"] is predict
    if not is_ours:
        app.logger.warning("the fast path is off: the application has request hooks of its own")
    return is_ours


def _begin() -> Response | None:
    environ, shared = request.environ, services()
    g.started = time.perf_counter()
    g.request_id = request_id(environ)
    if not has_one_host(environ):
        raise errors.InvalidRequest("Exactly one Host header is required.")
    if shared.cors.is_preflight(environ):
        return Response(status=204)
    if not is_open(request.url_rule.rule if request.url_rule else ""):
        if not shared.hosts.accept(environ):
            raise errors.InvalidRequest("The Host header names no host that is served here.")
        if not shared.api_keys.accept(environ):
            raise errors.Unauthorized("A valid API key is required.")
    return None


def _answer_error(error: Exception) -> Response:
    """Turn what went wrong into a status and a message; the only place that does."""
    answer: dict[str, Any]
    if isinstance(error, HTTPException) and error.code is not None and error.code < 500:
        answer = {"message": MESSAGES.get(type(error), f"{error.name}.")}
        response = json_response(answer, error.code)
        response.headers.extend(
            (name, value) for name, value in error.get_headers() if name == "Allow"
        )
        return response
    if type(error) not in STATUSES:
        current_app.logger.exception("request %s failed", g.request_id)
        answer = {"message": "Internal server error.", "request_id": g.request_id}
        return json_response(answer, 500)
    answer = {"message": str(error)}
    if isinstance(error, errors.InvalidPayload) and error.errors:
        answer["errors"] = error.errors
    response = json_response(answer, STATUSES[type(error)])
    response.headers.extend(HEADERS.get(type(error), []))
    return response


def _end(response: Response) -> Response:
    shared, environ, rule = services(), request.environ, request.url_rule
    if not drain_body(environ, shared.limits.max_body_bytes):
        response.headers["Connection"] = "close"
    known = vars(g._get_current_object())  # each look-up through g costs 0.4 µs
    headers = response.headers
    headers["X-Request-ID"] = known["request_id"]
    for name, value in SAFE_HEADERS:
        headers.setdefault(name, value)
    headers.extend(shared.cors.headers(environ))
    shared.records.add(
        Record(
            time=time.time(),
            remote_addr=environ.get("REMOTE_ADDR") or "-",
            method=environ["REQUEST_METHOD"],
            scheme=environ["wsgi.url_scheme"],
            path=environ["PATH_INFO"],
            route=rule.rule if rule else "",
            status=response.status_code,
            duration=time.perf_counter() - known["started"],
            request_id=known["request_id"],
            version=known.get("version"),
            predictions=known.get("predictions", ()),
            features=known.get("features", ()),
            columns=known.get("columns", ()),
            vector=known.get("vector", ()),
        )
    )
    return response


def warm_up() -> None:
    """Load the latest version, and with it scikit-learn, before there is a request."""
    with suppress(errors.ApplicationError):
        app.extensions["services"].store.get(LATEST)


if __name__ == "__main__":
    from app.web import server

    server.serve(settings.current_or_exit())
else:
    app = create_app(settings.current_or_exit())
