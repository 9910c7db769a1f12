"""WSGI: a well-formed single prediction, answered before Flask builds a request.

Only the happy case is answered here, with the status, headers and bytes that Flask's own view would
send; whatever else falls through to Flask untouched, which alone knows errors, pages and batches.
Without this module nothing would change but the speed.
"""

import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from app.helpers.payloads import format_json, parse_json
from app.telemetry.records import Record
from app.web.access.response_headers import SAFE_HEADERS
from app.web.services import Services
from app.web.wsgi_request import Environ, content_length, has_one_host, put_back, read, request_id

if TYPE_CHECKING:
    from app.store.trained_model import TrainedModel

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
        self._lets_all_in = not (
            services.hosts.are_set or services.cors.is_on or services.api_keys.are_set
        )
        self._applies = applies
        self._is_on: bool | None = None

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        started = time.perf_counter()
        if (
            environ["REQUEST_METHOD"] == "POST"
            and environ.get("CONTENT_TYPE") == "application/json"
            and (model := self._model(environ)) is not None
            and (length := content_length(environ)) is not None
            and length <= self._max_body_bytes
        ):
            body = read(environ, length)
            # Many rows are not for here: they would be parsed twice.
            if body.startswith(b"{") and len(body) == length:
                answer = self._answer(model, body, environ, started)
                if answer is not None:
                    headers, body = answer
                    start_response("200 OK", headers)
                    return [body]
            put_back(environ, body)
        return self._wsgi_app(environ, start_response)

    def _model(self, environ: Environ) -> "TrainedModel | None":
        """Return the model to answer with; None if the request's head is not for here."""
        if self._is_on is None:
            self._is_on = self._applies()
        path: str = environ["PATH_INFO"]
        if (
            self._is_on
            and path.endswith(_SUFFIX)
            and not environ.get("QUERY_STRING")
            and not environ.get("HTTP_CONTENT_ENCODING")
            and has_one_host(environ)
            and (self._lets_all_in or self._lets_in(environ))
        ):
            return self._store.loaded(path[1 : -len(_SUFFIX)])
        return None

    def _lets_in(self, environ: Environ) -> bool:
        return (
            self._hosts.accept(environ)
            and not self._cors.allows(environ)
            and self._api_keys.accept(environ)
        )

    def _answer(
        self, model: "TrainedModel", body: bytes, environ: Environ, started: float
    ) -> tuple[list[tuple[str, str]], bytes] | None:
        """Return the headers and the body of a prediction; None if the request's body is wrong."""
        try:
            row = parse_json(body, max_rows=0)
            if not model.validator.is_valid(row):
                return None
            vector = model.make_vector(row)
            prediction = model.predict_vector(vector)
            answer = format_json({"id": row["id"], "prediction": prediction})
        except Exception:  # Flask will meet it again, log it and answer it
            return None
        version, id_ = model.manifest.version, request_id(environ)
        record = (
            time.time(),
            environ.get("REMOTE_ADDR") or "-",
            "POST",
            environ["wsgi.url_scheme"],
            environ["PATH_INFO"],
            ROUTE,
            200,
            time.perf_counter() - started,
            id_,
            version,
            (prediction,),
            model.features,
            (),
            vector,
        )
        self._records.add(tuple.__new__(Record, record))  # a third of the time of Record(…)
        return [
            ("Content-Type", "application/json"),
            ("Content-Length", str(len(answer))),
            ("X-Model-Version", version),
            ("X-Model-Digest", model.digest),
            ("X-Request-ID", id_),
            *SAFE_HEADERS,
        ], answer
