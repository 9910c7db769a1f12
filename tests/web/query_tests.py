"""What clients write after the question mark: known parameters, unknown ones, and nonsense."""

from dataclasses import replace
from urllib.parse import urlencode

import pytest
from flask.testing import FlaskClient
from hypothesis import given, settings
from hypothesis import strategies as st
from werkzeug.test import TestResponse

from app.app import create_app
from app.settings import Settings
from tests.support.requests import ROW, post

KNOWN = ("explain", "label", "threshold", "interval")


def ask(client: FlaskClient, query: str) -> TestResponse:
    """Post a row with a query as it is on the wire, one character per byte."""
    environ = {"QUERY_STRING": query}
    return client.post("/v0/predict", json=ROW, environ_overrides=environ)


@pytest.mark.parametrize(
    "query",
    [
        *("", "&", "&&", "explain=false", "%65xplain=%74rue", "explain=true&explain=true"),
        *("explain=true&", "&label=true&", "threshold=0.5", "threshold=%2E5", "threshold=5e-1"),
        "label=maybe&explain=no&label=true&explain=true",
    ],
)
def test_these_are_answered(client: FlaskClient, query: str) -> None:
    """Nothing between two ampersands is nothing; of several values the last one counts."""
    response = ask(client, query)
    assert response.status_code == 200, response.text
    assert ("explanation" in response.get_json()) == query.endswith(("rue", "explain=true&"))


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ("=", "''"),
        ("=true&explain=true", "''"),
        ("explain =true", "'explain '"),
        ("+explain=true", "' explain'"),
        ("EXPLAIN=true", "'EXPLAIN'"),
        ("?explain=true", "'?explain'"),
        ("explain%3Dtrue", "'explain=true'"),
        ("explain%26label=true", "'explain&label'"),
        ("a;b=1", "'a;b'"),
        ("a=1&a=2&b", "'a', 'b'"),
        ("b&a&explain=maybe", "'b', 'a'"),
        ("a%0ab%00=1", r"'a\nb\x00'"),
        ("it's=1", r"'it\'s'"),
        ("gr%C3%B6%C3%9Fe=1", "'größe'"),
        ("gr\xc3\xb6\xc3\x9fe=1", "'größe'"),
        ("%FF=1", "'\ufffd'"),
        ("%zz=1", "'%zz'"),
        ("x" * 100, f"'{'x' * 63}…'"),
        ("&".join(f"p{n}" for n in range(13)), ", ".join(f"'p{n}'" for n in range(10))),
    ],
)
def test_what_is_unknown_is_named(client: FlaskClient, query: str, named: str) -> None:
    """As the client meant it, escaped; ten names at most, and no value."""
    response = ask(client, query)
    assert response.status_code == 400
    more = " and 3 more" if query.startswith("p0") else ""
    assert response.json == {"message": f"Unknown query parameters: {named}{more}"}


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("explain=true;label=true", "The query parameter 'explain' must be true or false."),
        ("explain", "The query parameter 'explain' must be true or false."),
        ("explain=TRUE", "The query parameter 'explain' must be true or false."),
        ("explain=true%00", "The query parameter 'explain' must be true or false."),
        ("explain=true&explain=no", "The query parameter 'explain' must be true or false."),
        ("threshold=", "The query parameter 'threshold' must be a number between 0 and 1."),
        ("threshold=0,5", "The query parameter 'threshold' must be a number between 0 and 1."),
        ("threshold=+0.5", "The query parameter 'threshold' must be a number between 0 and 1."),
    ],
)
def test_what_is_no_value_is_refused(client: FlaskClient, query: str, message: str) -> None:
    """A plus in a query is a blank, and a semicolon separates nothing."""
    response = ask(client, query)
    assert (response.status_code, response.json) == (400, {"message": message})


def test_any_query_gets_the_same_answer_on_both_ways(config_with_v0: Settings) -> None:
    """200 if all names are known, 400 if not; never a failure."""
    fast = create_app(config_with_v0).test_client()
    plain = create_app(replace(config_with_v0, fast_path=0)).test_client()
    assert post(fast, ROW).status_code == 200  # its model is loaded now
    names = st.sampled_from(KNOWN) | st.text(max_size=5)
    values = st.sampled_from(["true", "false", "0.5"]) | st.text(max_size=5)
    pairs = st.lists(st.tuples(names, values), max_size=3).map(urlencode)
    raw = st.text(st.characters(max_codepoint=255), max_size=12)
    pieces = st.lists(st.sampled_from(["&", "=", ";", "%", "+", "explain", "true", "%3D"])).map(
        "".join
    )

    @settings(max_examples=150, deadline=None)
    @given(query=pairs | raw | pieces)
    def check(query: str) -> None:
        one, other = ask(fast, query), ask(plain, query)
        assert (one.status_code, one.data) == (other.status_code, other.data)
        assert one.status_code in (200, 400)

    check()
