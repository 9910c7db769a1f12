"""What a fork adds to the application runs for every request, and nothing else costs the speed."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from flask import Blueprint, Flask, Response, signals
from flask.testing import FlaskClient

from app.app import create_app
from app.settings import Settings
from tests.support.requests import ROW

WARNING = "The fast path is off, because the application has its own: {}."


@dataclass
class Seen:
    """How often something that a fork added has run."""

    count: int = 0
    kept: list[Any] = field(default_factory=list)

    def see(self, *_: Any, **__: Any) -> None:
        """Run once more."""
        self.count += 1

    def pass_on(self, response: Response) -> Response:
        """Run once more, as a hook that is given the response."""
        self.see()
        return response

    def call(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Return a function that also counts its calls."""

        def counted(*args: Any, **kwargs: Any) -> Any:
            self.see()
            return function(*args, **kwargs)

        return counted


Add = Callable[[Flask, Seen], object]


def override(name: str) -> Add:
    """Return what overrides an attribute of one application, as a subclass of Flask could."""
    return lambda app, seen: setattr(app, name, seen.call(getattr(app, name)))


def change_response_class(app: Flask, seen: Seen) -> None:
    """Let responses be of a class of the fork's."""

    class Own(Response):
        def __call__(self, *args: Any) -> Iterable[bytes]:
            seen.see()
            return super().__call__(*args)

    app.response_class = Own


def replace_view(app: Flask, seen: Seen) -> None:
    """Wrap the view of a prediction."""
    app.view_functions["api.predict"] = seen.call(app.view_functions["api.predict"])


def connect(signal: Any) -> Add:
    """Return what connects a receiver; it is kept, since signals only hold it weakly."""

    def add(app: Flask, seen: Seen) -> None:
        receiver = lambda sender, **extra: seen.see()  # noqa: E731
        seen.kept.append(receiver)
        signal.connect(receiver, app)

    return add


HOOKS: dict[str, Add] = {
    "before_request_funcs": lambda app, seen: app.before_request(seen.see),
    "after_request_funcs": lambda app, seen: app.after_request(seen.pass_on),
    "teardown_request_funcs": lambda app, seen: app.teardown_request(seen.see),
    "url_value_preprocessors": lambda app, seen: app.url_value_preprocessor(seen.see),
    "teardown_appcontext_funcs": lambda app, seen: app.teardown_appcontext(seen.see),
}
RECEIVERS: dict[str, Add] = {
    f"receivers of {signal.name}": connect(signal)
    for signal in (
        signals.appcontext_pushed,
        signals.request_started,
        signals.request_finished,
        signals.request_tearing_down,
        signals.appcontext_tearing_down,
        signals.appcontext_popped,
    )
}
OTHERS: dict[str, Add] = {
    "view of api.predict": replace_view,
    "request_class": override("request_class"),
    "response_class": change_response_class,
    "request_context": override("request_context"),
    "full_dispatch_request": override("full_dispatch_request"),
    "make_response": override("make_response"),
    "process_response": override("process_response"),
}


def predict(client: FlaskClient) -> None:
    """Post one row, which must be answered."""
    assert client.post("/v0/predict", json=ROW).status_code == 200


def warnings(config: Settings) -> list[str]:
    """Return what the log says about the fast path."""
    log = Path(config.logs_root, "application.log")
    lines = log.read_text().splitlines() if log.exists() else []
    return [line.partition(" - WARNING - ")[2] for line in lines if "The fast path" in line]


def count_flask(app: Flask) -> Seen:
    """Count the requests that reach Flask, by something that is no addition."""
    seen = Seen()
    app.url_map.bind_to_environ = seen.call(app.url_map.bind_to_environ)  # type: ignore[method-assign]
    return seen


@pytest.mark.parametrize("name", [*HOOKS, *RECEIVERS, *OTHERS])
def test_an_addition_runs_for_every_prediction(app: Flask, config: Settings, name: str) -> None:
    """The fast path steps aside and says why, once."""
    seen = Seen()
    (HOOKS | RECEIVERS | OTHERS)[name](app, seen)
    client = app.test_client()
    for number in (1, 2, 3):
        predict(client)
        assert seen.count == number
    assert warnings(config) == [WARNING.format(name)]


@pytest.mark.parametrize("name", [*HOOKS, *RECEIVERS, *OTHERS])
def test_an_addition_to_a_running_application_runs_from_then_on(
    app: Flask, config: Settings, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Signals and attributes can change at any time; hooks while Flask has answered nothing."""
    app.extensions["services"].store.get("v0")  # as `warm_up` does, so that Flask is not needed
    seen, reached = Seen(), count_flask(app)
    client = app.test_client()
    predict(client)
    assert reached.count == 0
    (HOOKS | RECEIVERS | OTHERS)[name](app, seen)
    for number in (1, 2, 3):
        predict(client)
        assert seen.count == reached.count == number
    assert warnings(config) == [WARNING.format(name)]


def test_the_fast_path_comes_back_with_the_last_receiver_gone(app: Flask, config: Settings) -> None:
    """As after a test that recorded signals."""
    reached, client, receiver = count_flask(app), app.test_client(), Seen()
    predict(client)
    with signals.request_started.connected_to(receiver.see, app):
        predict(client)
    predict(client)
    assert (reached.count, receiver.count) == (2, 1)
    off = WARNING.format("receivers of request-started")
    assert warnings(config) == [off, "The fast path is on again."]


def use_blueprint(app: Flask) -> None:
    """Add a blueprint with a hook of its own and a route that takes POST."""
    blueprint = Blueprint("admin", __name__, url_prefix="/admin")
    blueprint.before_request(lambda: None)
    blueprint.add_url_rule("/users", view_func=lambda: "none", methods=["POST"])
    app.register_blueprint(blueprint)


def use_middleware_outside(app: Flask) -> None:
    """Put WSGI middleware in front of everything."""
    inner = app.wsgi_app
    app.wsgi_app = lambda environ, start_response: inner(environ, start_response)  # type: ignore[method-assign]


def connect_elsewhere(app: Flask) -> None:
    """Listen to another application, and to what no prediction sends."""
    ignored = Seen()
    app.extensions["kept"] = ignored.see
    signals.request_started.connect(ignored.see, Flask("another"))
    signals.template_rendered.connect(ignored.see, app)
    signals.got_request_exception.connect(ignored.see, app)


@pytest.mark.parametrize(
    "add",
    [
        lambda app: None,
        use_blueprint,
        use_middleware_outside,
        connect_elsewhere,
        lambda app: app.register_error_handler(KeyError, lambda error: "no"),
        lambda app: app.context_processor(dict),
        lambda app: app.url_defaults(lambda endpoint, values: None),
    ],
)
def test_the_fast_path_is_used_beside_what_no_prediction_needs(
    app: Flask, config: Settings, add: Callable[[Flask], None]
) -> None:
    """Flask answers the first prediction, which loads the model, and none after it."""
    add(app)
    reached, client = count_flask(app), app.test_client()
    for _ in range(3):
        predict(client)
    assert reached.count == 1
    assert warnings(config) == []


def shadow_route(app: Flask) -> None:
    """Let another view answer for one version."""
    app.add_url_rule("/v0/predict", "own", lambda: "own", methods=["POST"])


SETUPS: dict[str, Callable[[Flask], object]] = {
    "sessions (SECRET_KEY)": lambda app: app.config.update(SECRET_KEY="made up"),
    "TRUSTED_HOSTS": lambda app: app.config.update(TRUSTED_HOSTS=["localhost"]),
    "host matching": lambda app: setattr(app, "subdomain_matching", True),
    "route for predictions": shadow_route,
}


@pytest.mark.parametrize("name", SETUPS)
def test_flask_answers_where_its_configuration_decides(
    app: Flask, config: Settings, name: str
) -> None:
    """Whatever is configured holds for every prediction."""
    SETUPS[name](app)
    reached, client = count_flask(app), app.test_client()
    for _ in range(3):
        predict(client)
    assert reached.count == 3
    assert warnings(config) == [WARNING.format(name)]


def test_middleware_inside_the_fast_path_sees_every_prediction(
    config_with_v0: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A fork that wraps Flask's callable in `create_app` before the fast path does."""
    seen = Seen()

    class Fork(Flask):
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            self.wsgi_app = seen.call(self.wsgi_app)  # type: ignore[method-assign]

    monkeypatch.setattr("app.app.Flask", Fork)
    client = create_app(config_with_v0).test_client()
    for number in (1, 2, 3):
        predict(client)
        assert seen.count == number
    assert warnings(config_with_v0) == [WARNING.format("WSGI middleware inside the fast path")]
