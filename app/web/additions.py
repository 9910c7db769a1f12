"""What a fork added to the application that Flask would run for a prediction, too.

The fast path answers without Flask, so it must step aside for all of it.
"""

import logging
from collections.abc import Callable
from inspect import getattr_static
from types import MethodType
from typing import Any

from flask import Flask, signals

ENDPOINT = "api.predict"
HOOKS = (
    "before_request_funcs",
    "after_request_funcs",
    "teardown_request_funcs",
    "url_value_preprocessors",
    "teardown_appcontext_funcs",
)
SIGNALS = (
    signals.appcontext_pushed,
    signals.request_started,
    signals.request_finished,
    signals.request_tearing_down,
    signals.appcontext_tearing_down,
    signals.appcontext_popped,
)
"""Those that Flask sends for a request that succeeds."""
OVERRIDABLE = (
    "request_class",
    "response_class",
    "session_interface",
    "app_ctx_globals_class",
    "request_context",
    "app_context",
    "create_url_adapter",
    "full_dispatch_request",
    "preprocess_request",
    "dispatch_request",
    "ensure_sync",
    "finalize_request",
    "make_response",
    "process_response",
    "do_teardown_request",
    "do_teardown_appcontext",
)
"""The attributes of Flask that it uses for such a request."""

log = logging.getLogger(__name__)


class Additions:
    """The additions to one application: hooks, signal receivers, middleware and the like.

    Parameters
    ----------
    app : Flask
    wsgi_app : callable
        What the fast path falls back to: Flask's own WSGI callable, unless it was wrapped.
    view : callable
        Our view of a prediction.
    before_request, after_request : callable
        Our own hooks, the only ones that the fast path makes up for.
    """

    def __init__(
        self,
        app: Flask,
        wsgi_app: Any,
        view: Callable[..., Any],
        before_request: Callable[[], Any],
        after_request: Callable[[Any], Any],
    ) -> None:
        self._app = app
        self._is_wrapped = wsgi_app != MethodType(Flask.wsgi_app, app)
        self._view = view
        self._our_hooks: dict[str, list[Any]] = {
            "before_request_funcs": [before_request],
            "after_request_funcs": [after_request],
        }
        # These can change at any time; configuration and routes, only before the first request.
        self._watched: list[Any] = [getattr(app, name) for name in HOOKS]
        self._watched += [signal.receivers for signal in SIGNALS]
        self._seen: list[Any] = []
        self._seen_view: Any = None
        self._n_attributes = 0  # of the application; one that is overridden is one more
        self._found: list[str] = []

    def exist(self) -> bool:
        """Whether there are any; quick enough to be asked for every request."""
        view = self._app.view_functions.get(ENDPOINT)
        n_attributes = len(vars(self._app))
        if (
            self._watched != self._seen
            or view is not self._seen_view
            or n_attributes != self._n_attributes
        ):
            # Copied before the search: what another thread adds meanwhile starts a new one.
            seen = [_copy(item) for item in self._watched]
            found = [*self._find_hooks(), *self._find_receivers(), *self._find_others()]
            if found != self._found:
                self._found = found
                self._tell()
            self._seen, self._seen_view, self._n_attributes = seen, view, n_attributes
        return bool(self._found)

    def _tell(self) -> None:
        if self._found:
            log.warning(
                "The fast path is off, because the application has its own: %s.",
                ", ".join(self._found),
            )
        else:
            log.warning("The fast path is on again.")

    def _find_hooks(self) -> list[str]:
        scopes = (None, ENDPOINT.partition(".")[0])  # the application and the blueprint
        found = []
        for name in HOOKS:
            hooks: Any = getattr(self._app, name)
            if isinstance(hooks, dict):
                hooks = [hook for scope in scopes for hook in hooks.get(scope, ())]
            if hooks != self._our_hooks.get(name, []):
                found.append(name)
        return found

    def _find_receivers(self) -> list[str]:
        return [
            f"receivers of {signal.name}"
            for signal in SIGNALS
            if any(True for _ in signal.receivers_for(self._app))
        ]

    def _find_others(self) -> list[str]:
        app = self._app
        conditions = {
            f"view of {ENDPOINT}": app.view_functions.get(ENDPOINT) is not self._view,
            "WSGI middleware inside the fast path": self._is_wrapped,
            "sessions (SECRET_KEY)": app.secret_key is not None,
            "TRUSTED_HOSTS": app.config.get("TRUSTED_HOSTS") is not None,
            "host matching": app.url_map.host_matching or app.subdomain_matching,
            "route for predictions": any(map(_is_for_predictions, app.url_map.iter_rules())),
        }
        overridden = [
            name
            for name in OVERRIDABLE
            if getattr_static(app, name, None) is not getattr_static(Flask, name, None)
        ]
        return [*overridden, *(name for name, holds in conditions.items() if holds)]


def _is_for_predictions(rule: Any) -> bool:
    """Whether a route other than ours may take a POST to a path such as `/v0/predict`."""
    return (
        rule.endpoint != ENDPOINT
        and rule.rule.endswith("/predict")
        and rule.rule.count("/") == 2
        and "POST" in (rule.methods or ("POST",))
    )


def _copy(item: Any) -> Any:
    """Return a copy that later additions do not change."""
    if isinstance(item, dict):
        return {key: _copy(value) for key, value in item.items()}
    return list(item) if isinstance(item, list) else item
