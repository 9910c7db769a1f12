"""The application below a path such as /ml: what a proxy says of it, and ROOT_PATH."""

import json
import re
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.requests import JSON, ROW, MakeClient

Way = tuple[dict[str, Any], dict[str, str], str]

TELL = {"X-Forwarded-Prefix": "/ml"}
WAYS: dict[str, Way] = {
    "a proxy tells the path": ({"trusted_proxies": 1}, TELL, ""),
    "the first of two proxies tells it": (
        {"trusted_proxies": 2},
        {"X-Forwarded-Prefix": "/forged, /ml/, /inner"},
        "",
    ),
    "a proxy removes it without a word": ({"root_path": "/ml"}, {}, ""),
    "it is in every request": ({"root_path": "/ml/"}, {}, "/ml"),
    "a proxy knows better than ROOT_PATH": ({"root_path": "/x", "trusted_proxies": 1}, TELL, ""),
}


@pytest.fixture(params=WAYS.values(), ids=[*WAYS])
def way(request: pytest.FixtureRequest, make_client: MakeClient) -> tuple[FlaskClient, Any, str]:
    """A client, the headers that a proxy adds, and what it leaves before the path."""
    knobs, headers, before = request.param
    return make_client(**knobs), headers, before


def links(text: str) -> list[str]:
    """Return the addresses on a page, but not those in it."""
    found = re.findall(r'(?:href|src|data-url)="([^"]*)"', text)
    return [link for link in found if not link.startswith(("#", "data:"))]


def test_every_link_leads_below_the_path(way: tuple[FlaskClient, Any, str]) -> None:
    """Of all pages, and each of them is answered."""
    client, headers, before = way
    seen = {"/ml/"}
    for page in ("/", "/v0", "/v0/report", "/docs"):
        shown = client.get(before + page, headers=headers)
        assert shown.status_code == 200
        seen |= set(links(shown.text))
    assert {"/ml/v0", "/ml/docs", "/ml/openapi.json", "/ml/v0/report"} <= seen
    assert len(seen) > 10
    for link in seen:
        path = before + link.removeprefix("/ml")
        assert link.startswith("/ml/")
        with client.get(path, headers=headers) as response:
            assert response.status_code == 200


def test_calls_and_clients_are_told_the_path(way: tuple[FlaskClient, Any, str]) -> None:
    """By the call to copy, by the facts for scripts, and by the servers of the document."""
    client, headers, before = way
    text = client.get(f"{before}/v0", headers=headers).text
    facts = re.search(r'id="facts">(.*?)</script>', text)
    assert facts is not None
    assert json.loads(facts[1])["url"] == "http://localhost/ml/v0"
    assert "curl -s http://localhost/ml/v0/predict " in text
    document = client.get(f"{before}/openapi.json", headers=headers).get_json()
    assert document["servers"] == [{"url": "/ml"}]


def test_predictions_take_the_fast_path(
    make_client: MakeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As without a path: Flask only loads the model."""
    original, seen = Flask.wsgi_app, []

    def wsgi_app(self: Flask, environ: Any, start_response: Any) -> Any:
        seen.append(environ["PATH_INFO"])
        return original(self, environ, start_response)

    monkeypatch.setattr(Flask, "wsgi_app", wsgi_app)
    for knobs, headers, before in WAYS.values():
        client = make_client(**knobs)
        for _ in range(3):
            response = client.post(f"{before}/v0/predict", json=ROW, headers=JSON | headers)
            assert response.status_code == 200
    assert seen == ["/v0/predict"] * len(WAYS)


def test_only_whole_segments_are_the_path(make_client: MakeClient) -> None:
    """/mlops is another path; /ml alone is the first page."""
    client = make_client(root_path="/ml")
    statuses = {path: client.get(path).status_code for path in ("/ml", "/ml/", "/mlv0", "/ml/ml")}
    assert statuses == {"/ml": 200, "/ml/": 200, "/mlv0": 404, "/ml/ml": 404}


def test_without_a_trusted_proxy_nobody_is_believed(client: FlaskClient) -> None:
    """A client could say anything."""
    assert client.get("/openapi.json", headers=TELL).get_json()["servers"] == [{"url": "/"}]


def believed(client: FlaskClient, header: str) -> str:
    """Return the path that a page has in front of its addresses, after a proxy sent this."""
    text = client.get("/docs", environ_overrides={"HTTP_X_FORWARDED_PREFIX": header}).text
    (address,) = re.findall(r'data-url="([^"]*)openapi.json"', text)
    assert all(link.startswith(address) for link in links(text))
    return str(address)


@pytest.mark.parametrize(
    "header",
    [
        "//evil.example",
        "/ml//evil.example",
        "/\\evil.example",
        "https://evil.example",
        "javascript:alert(1)",
        "/a b",
        "/..",
        "/ml/.",
        "/a/../..",
        '/"><script>alert(1)</script>',
        "/%0d%0aSet-Cookie:a=b",
        "/ml\r\nSet-Cookie: a=b",
        "/ml?",
        "/ml#",
        "/größe",
        "ml",
        "/",
        "/ml,",
        "/" + "a" * 256,
        "/a" * 10_000,
    ],
)
def test_what_is_no_plain_path_is_ignored(make_client: MakeClient, header: str) -> None:
    """A proxy may pass on what a client says."""
    assert believed(make_client(trusted_proxies=1), header) == "/"


@pytest.mark.parametrize(
    "header", ["/ml", "/a-b/c_d/~e/.f", "/user/jane@example.com", "/v0", "/docs"]
)
def test_a_plain_path_is_believed(make_client: MakeClient, header: str) -> None:
    """Whatever it is called."""
    assert believed(make_client(trusted_proxies=1), header) == f"{header}/"


def test_no_header_makes_a_page_lead_to_another_host(make_client: MakeClient) -> None:
    """Whatever a client writes."""
    client = make_client(trusted_proxies=1)
    parts = st.sampled_from(["/", "\\", "//evil.example", "ml", ".", ":", " ", ",", "\t", "%2f"])

    @settings(deadline=None)
    @given(st.lists(parts).map("".join) | st.text(st.characters(max_codepoint=255)))
    def check(header: str) -> None:
        assert re.fullmatch(r"/(?:[\w.~@+-]+/)*", believed(client, header), re.ASCII)

    check()
