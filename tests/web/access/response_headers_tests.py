"""Every answer has the security headers."""

from pathlib import Path
from typing import NoReturn

import orjson
import pytest

from app.settings import Settings
from app.web.access.response_headers import SAFE_HEADERS
from tests.support.requests import JSON, ROW, SECRET, MakeClient

ANSWERS = [
    ("GET", "/livez", b"", 200),
    ("GET", "/readyz", b"", 200),
    ("GET", "/metrics", b"", 200),
    ("GET", "/openapi.json", b"", 200),
    ("GET", "/v0/schema", b"", 200),
    ("GET", "/v0/metadata", b"", 200),
    ("GET", "/v9/metadata", b"", 404),
    ("GET", "/nowhere", b"", 404),
    ("GET", "/v0/predict", b"", 405),
    ("OPTIONS", "/v0/predict", b"", 200),
    ("HEAD", "/v0/schema", b"", 200),
    ("POST", "/v0/predict", orjson.dumps(ROW), 200),
    ("POST", "/v0/predict", b"{", 400),
    ("POST", "/v0/predict", b" " * 1000, 413),
    ("POST", "/v1/predict", orjson.dumps(ROW), 503),
]


@pytest.mark.parametrize(("method", "path", "body", "status"), ANSWERS)
def test_every_answer_has_the_safe_headers(
    make_client: MakeClient, config: Settings, method: str, path: str, body: bytes, status: int
) -> None:
    """Whatever its status."""
    Path(config.models_root, "trained-model-v1.p").write_bytes(b"garbage")
    client = make_client(max_body_bytes=500)
    for _ in range(2):  # only the second may take the fast path
        response = client.open(path, method=method, data=body, headers=JSON)
        assert response.status_code == status
        assert [(name, response.headers.getlist(name)) for name, _ in SAFE_HEADERS] == [
            (name, [value]) for name, value in SAFE_HEADERS
        ]


def test_a_failure_and_a_missing_key_have_them_too(make_client: MakeClient) -> None:
    """500 and 401."""

    def fail() -> NoReturn:
        raise ZeroDivisionError

    client = make_client(api_keys=SECRET)
    client.application.view_functions["api.livez"] = fail
    for path, status in (("/livez", 500), ("/v0/schema", 401)):
        response = client.get(path)
        assert response.status_code == status
        assert dict(SAFE_HEADERS).items() <= dict(response.headers).items()
