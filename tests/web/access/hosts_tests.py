"""Exactly one Host header, and a trusted one where hosts are listed."""

import pytest
from flask.testing import FlaskClient

from tests.support.requests import MakeClient, predict


@pytest.mark.parametrize("host", ["a,b", "", None])
def test_not_exactly_one_host(client: FlaskClient, host: str | None) -> None:
    """400, before anything else is looked at."""
    environ = {"HTTP_HOST": host, "SERVER_PROTOCOL": "HTTP/1.1"}
    response = client.get("/nowhere", environ_overrides=environ)
    assert response.status_code == 400
    assert response.json == {"message": "Exactly one Host header is required."}


@pytest.mark.parametrize("host", ["example.com", "EXAMPLE.com:8080", "a.b.example.org", "[::1]:80"])
def test_a_trusted_host(make_client: MakeClient, host: str) -> None:
    """In any case, on any port."""
    client = make_client(trusted_hosts="example.com, .example.org,[::1]")
    assert predict(client, headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "host", ["evil.com", "example.com.evil.com", "example.org", "xexample.org"]
)
def test_a_host_that_is_not_trusted(make_client: MakeClient, host: str) -> None:
    """It is refused, but for probes, which call by address."""
    client = make_client(trusted_hosts="example.com,.example.org")
    response = predict(client, headers={"Host": host})
    assert response.status_code == 400
    assert response.json == {"message": "The Host header names no host that is served here."}
    assert client.get("/livez", headers={"Host": host}).status_code == 200
