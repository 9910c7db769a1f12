"""Pages of other origins may call the API only where their origin is listed."""

from tests.support.requests import SECRET, MakeClient, predict

PREFLIGHT = {"Origin": "https://a.example", "Access-Control-Request-Method": "POST"}


def test_other_origins_are_told_nothing_unless_configured(make_client: MakeClient) -> None:
    """CORS is off; an origin that is not listed is in the same place."""
    for client in (make_client(), make_client(cors_origins="https://b.example")):
        for response in (
            predict(client, headers={"Origin": "https://a.example"}),
            client.options("/v0/predict", headers=PREFLIGHT),
        ):
            assert not [name for name, _ in response.headers if name.startswith("Access-")]


def test_an_origin_that_is_configured_may_ask(make_client: MakeClient) -> None:
    """The browser's question needs no key, the request does."""
    client = make_client(cors_origins="https://b.example, https://a.example", api_keys=SECRET)
    response = client.options("/v0/predict", headers=PREFLIGHT)
    assert (response.status_code, response.data) == (204, b"")
    assert response.headers["Access-Control-Allow-Methods"] == "GET, POST"
    assert response.headers["Access-Control-Allow-Headers"] == (
        "Authorization, Content-Encoding, Content-Type, Traceparent, Tracestate, X-API-Key,"
        " X-Request-ID"
    )
    origin = {"Origin": "https://a.example"}
    assert predict(client, headers=origin).status_code == 401
    response = predict(client, headers=origin | {"X-API-Key": SECRET})
    assert response.status_code == 200
    assert response.headers["Access-Control-Allow-Origin"] == "https://a.example"
    assert response.headers["Vary"] == "Origin"
    assert "Access-Control-Allow-Credentials" not in response.headers
