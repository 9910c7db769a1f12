"""The application, and the one table that turns errors into statuses.

`python -m app.app` serves it. Other WSGI servers import `app` from here, and importing this module
does for them what an entry point does: it reads the settings, builds the application and takes the
secrets out of the environment.
"""

if __name__ == "__main__":  # the process that only watches over the workers, which import the rest
    from app import settings
    from app.web import server

    server.serve(settings.current_or_exit())
    raise SystemExit

import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial

from flask import Flask, Response, current_app, request
from flask.helpers import get_debug_flag
from werkzeug.exceptions import HTTPException, MethodNotAllowed, NotFound
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.serving import is_running_from_reloader

from app import settings
from app.helpers import errors
from app.store.model_store import LATEST, ModelStore
from app.store.signing_key import SigningKeys
from app.telemetry import logs
from app.telemetry.metrics import Metrics
from app.telemetry.records import Record, Records
from app.utils.collector import collector_sparer
from app.web.access.admission import Admission
from app.web.access.api_keys import CHALLENGES, ApiKeys
from app.web.access.cors import Cors
from app.web.access.hosts import TrustedHosts
from app.web.additions import Additions
from app.web.api import api, exchange, json_response, predict, services
from app.web.content import ACCEPT_ENCODING
from app.web.draining import Draining
from app.web.exchange import (
    INTERNAL_SERVER_ERROR,
    METHOD_NOT_ALLOWED,
    NOT_FOUND,
    RETRY_AFTER,
    ROUTE,
    answer_headers,
    error_body,
    make_record,
)
from app.web.fast_path import FastPath
from app.web.pages import pages
from app.web.root_path import RootPath
from app.web.services import Limits, Services
from app.web.tracing import traced

STATUSES: dict[type[Exception], int] = {
    errors.InvalidRequest: 400,
    errors.InvalidPayload: 400,
    errors.NotExplainable: 400,
    errors.Unauthorized: 401,
    errors.UnknownVersion: 404,
    errors.PayloadTooLarge: 413,
    errors.UnknownEncoding: 415,
    errors.UnknownMediaType: 415,
    errors.UnavailableVersion: 503,
}
MESSAGES: dict[type[HTTPException], str] = {
    NotFound: NOT_FOUND,
    MethodNotAllowed: METHOD_NOT_ALLOWED,
}
HEADERS: dict[type[Exception], list[tuple[str, str]]] = {
    errors.Unauthorized: [("WWW-Authenticate", challenge) for challenge in CHALLENGES],
    errors.UnavailableVersion: [("Retry-After", RETRY_AFTER)],
    errors.UnknownEncoding: [("Accept-Encoding", ACCEPT_ENCODING)],
}


def create_app(
    config: settings.Settings | None = None, on_load: Callable[[], None] = lambda: None
) -> Flask:
    """Return a new application.

    Parameters
    ----------
    config : Settings
        By default those of the environment.
    on_load : callable
        Called after each try to load a model.
    """
    config = config or settings.current
    app = Flask(__name__, static_folder=None)
    app.url_map.merge_slashes = False
    shared = app.extensions["services"] = _make_services(config, on_load)
    app.before_request(_begin)
    app.after_request(_end)
    app.register_error_handler(Exception, _answer_error)
    app.register_blueprint(api)
    app.register_blueprint(pages)
    if config.fast_path:
        additions = Additions(app, app.wsgi_app, predict, _begin, _end)
        app.wsgi_app = FastPath(app.wsgi_app, shared, additions.exist)  # type: ignore[method-assign]
    proxies = config.trusted_proxies
    if config.root_path or proxies:
        app.wsgi_app = RootPath(app.wsgi_app, config.root_path, proxies)  # type: ignore[method-assign]
    if proxies:
        app.wsgi_app = ProxyFix(app.wsgi_app, proxies, proxies)  # type: ignore[method-assign]
    return app


def _make_services(config: settings.Settings, on_load: Callable[[], None]) -> Services:
    log = logs.configure(
        config.logs_root,
        config.log_max_bytes,
        config.log_backup_count,
        log_format=config.log_format,
    )
    metrics = Metrics()
    keys = SigningKeys(config.model_signing_key, config.model_signing_key_file)

    def count_load(version: str, outcome: str) -> None:
        metrics.count_load(version, outcome)
        on_load()

    store = ModelStore(
        config.models_root,
        keys,
        config.max_loaded_models,
        on_load=count_load,
        may_unpickle=config.may_unpickle,
    )

    def report(_: Sequence[Record]) -> None:
        """Report what only this process knows, after each batch."""
        metrics.count_lost(log.dropped, records.dropped, records.failures)
        metrics.show_outdated(store.outdated())

    records = Records([log.write_requests, metrics.count_requests, report])
    return Services(
        store,
        Admission(
            ApiKeys(config.api_keys), TrustedHosts(config.trusted_hosts), Cors(config.cors_origins)
        ),
        Limits(config.max_body_bytes, config.max_json_rows, config.max_csv_rows),
        Draining(config.max_body_bytes, threads=max(1, config.blocking_threads // 4)),
        records,
        metrics,
    )


def _begin() -> Response | None:
    """Turn away a request that is not admitted, and answer a preflight."""
    exchange()  # its time begins here
    environ, admission = request.environ, services().admission
    if refusal := admission.refusal(environ, _route()):
        raise refusal
    return Response(status=204) if admission.cors.is_preflight(environ) else None


def _route() -> str:
    return request.url_rule.rule if request.url_rule else ""


def _answer_error(error: Exception) -> Response:
    """Turn an error into a status and a message; this is the only place that does."""
    if isinstance(error, errors.ApplicationError) and type(error) in STATUSES:
        response = json_response(error_body(error), STATUSES[type(error)])
        response.headers.extend(HEADERS.get(type(error), []))
        return response
    if isinstance(error, HTTPException) and error.code is not None and error.code < 500:
        message = MESSAGES.get(type(error), f"{error.name}.")
        response = json_response({"message": message}, error.code)
        allowed = [(name, value) for name, value in error.get_headers() if name == "Allow"]
        response.headers.extend(allowed)
        return response
    request_id = exchange().request_id
    current_app.logger.exception("request %s failed", request_id)
    return json_response({"message": INTERNAL_SERVER_ERROR, "request_id": request_id}, 500)


def _end(response: Response) -> Response:
    """Complete the headers of an answer, and record it."""
    shared, environ, known = services(), request.environ, exchange()
    headers = response.headers
    if shared.draining.is_needed(environ):
        response.call_on_close(partial(shared.draining.drain, environ))
        if shared.draining.ends_connection(environ):
            headers["Connection"] = "close"
    for name, value in answer_headers(environ, known, shared.admission.cors):
        if name == "Vary":
            headers.add(name, value)
        else:  # what a page sets itself stays
            headers.setdefault(name, value)
    if response.allow:  # comes out of a set: in another order in each process
        headers["Allow"] = ", ".join(sorted(response.allow))
    environ[ROUTE] = route = _route()
    shared.records.add(make_record(environ, route, response.status_code, known))
    return response


def warm_up() -> None:
    """Load the latest version and the libraries that it needs, before there is a request."""
    with suppress(errors.ApplicationError):
        app.extensions["services"].store.get(LATEST)


def _remove_secrets() -> None:
    """Take the secrets out of the environment, which some servers copy into every request."""
    serves_no_request = (
        os.environ.get("FLASK_RUN_FROM_CLI") == "true"
        and get_debug_flag()
        and not is_running_from_reloader()
    )
    if not serves_no_request:  # as the parent of Flask's reloader, whose child needs the secrets
        for name in settings.SECRETS:
            os.environ.pop(name, None)


app = create_app(settings.current_or_exit(), on_load=collector_sparer())
app.wsgi_app = traced(app.wsgi_app, os.environ)  # type: ignore[method-assign]
_remove_secrets()
