"""WSGI: a well-formed single prediction, answered before Flask builds a request.

Only the happy case is answered here, with the status, headers and bytes that Flask's own view would
send; whatever else falls through to Flask untouched, which alone knows errors, pages and batches.
Without this module nothing would change but the speed.
"""

import time
from collections.abc import Callable, Iterable
from typing import Any

from app.helpers.features import make_feature_vector
from app.helpers.payloads import format_json, parse_json
from app.helpers.records import Record
from app.response_headers import SAFE_HEADERS
from app.services import Services
from app.wsgi_request import Environ, has_one_host, read_body, request_id

StartResponse = Callable[..., Any]
WsgiApp = Callable[[Environ, StartResponse], Iterable[bytes]]

ROUTE = "/<version>/predict"
_SUFFIX = "/predict"


class FastPath:
    """A WSGI application in front of Flask's.

    Parameters
    ----------
    wsgi_app : callable
        Flask's.
    services : Services
    applies : callable
        Whether Flask would do nothing more for a prediction than this; asked once, at the first.
    """

    def __init__(self, wsgi_app: WsgiApp, services: Services, applies: Callable[[], bool]) -> None:
        self._wsgi_app = wsgi_app
        self._store = services.store
        self._api_keys = services.api_keys
        self._hosts = services.hosts
        self._cors = services.cors
        self._records = services.records
        self._max_body_bytes = services.limits.max_body_bytes
        self._applies = applies
        self._is_on: bool | None = None

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        started = time.perf_counter()
        if (
            environ["REQUEST_METHOD"] == "POST"
            and environ.get("CONTENT_TYPE") == "application/json"
            and (answer := self._answer(environ, started)) is not None
        ):
            headers, body = answer
            start_response("200 OK", headers)
            return [body]
        return self._wsgi_app(environ, start_response)

    def _answer(
        self, environ: Environ, started: float
    ) -> tuple[list[tuple[str, str]], bytes] | None:
        """Return the headers and the body of a prediction, None if it is not for here."""
        if self._is_on is None:
            self._is_on = self._applies()
        path = environ["PATH_INFO"]
        if not (
            self._is_on
            and path.endswith(_SUFFIX)
            and (model := self._store.loaded(path[1 : -len(_SUFFIX)])) is not None
            and not environ.get("QUERY_STRING")
            and not environ.get("HTTP_CONTENT_ENCODING")
            and self._has_allowed_length(environ)
            and has_one_host(environ)
            and self._hosts.accept(environ)
            and not self._cors.allows(environ)
            and self._api_keys.accept(environ)
        ):
            return None
        try:
            body = read_body(environ, self._max_body_bytes)
            if not body.lstrip().startswith(b"{"):  # many rows are not for here: parse them once
                return None
            row = parse_json(body, max_rows=0)
            if not model.validator.is_valid(row):
                return None
            vector = make_feature_vector(row, model.features)
            prediction = model.predict_vector(vector)
            body = format_json({"id": row["id"], "prediction": prediction})
        except Exception:  # Flask will meet it again, log it and answer it
            return None
        version, id_ = model.manifest.version, request_id(environ)
        self._records.add(
            Record(
                time.time(),
                environ.get("REMOTE_ADDR") or "-",
                "POST",
                environ["wsgi.url_scheme"],
                path,
                ROUTE,
                200,
                time.perf_counter() - started,
                id_,
                version,
                [prediction],
                model.features,
                [(value,) for value in vector],
            )
        )
        return [
            ("Content-Type", "application/json"),
            ("Content-Length", str(len(body))),
            ("X-Model-Version", version),
            ("X-Model-Digest", model.digest),
            ("X-Request-ID", id_),
            *SAFE_HEADERS,
        ], body

    def _has_allowed_length(self, environ: Environ) -> bool:
        length: str = environ.get("CONTENT_LENGTH", "")
        return length.isascii() and length.isdigit() and int(length) <= self._max_body_bytes
