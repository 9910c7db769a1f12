"""The OpenAPI document beside the server: the same routes, answers and keys."""

import re
from base64 import b64encode
from dataclasses import replace

import pytest

from app.app import create_app
from app.settings import Settings
from app.store.manifest import Manifest
from app.web.openapi import make_openapi
from tests.support.openapi import LIMITS, Json, as_read, check_response, operations, send


def test_document_and_server_have_the_same_routes(served_config: Settings, document: Json) -> None:
    """Neither has what the other lacks; pages are for people, and have no operation."""
    rules = {
        (re.sub("<(?:[^>]+:)?(.+?)>", r"{\1}", rule.rule), method.lower())
        for rule in create_app(served_config).url_map.iter_rules()
        if not rule.endpoint.startswith("pages.")
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    assert {(path, method) for path, method, _ in operations(make_openapi({}, LIMITS))} == rules
    of_versions = {(path, method) for path, method in rules if path.startswith("/{version}")}
    assert {(path, method) for path, method, _ in operations(document)} == rules - of_versions | {
        (path.replace("{version}", segment), method)
        for path, method in of_versions
        for segment in ("latest", "v0", "v1", "v2")
    }


def test_version_parameter_takes_what_the_server_takes() -> None:
    """`v` and a number without leading zeros, or latest."""
    for path, item in make_openapi({}, LIMITS)["paths"].items():
        if path.startswith("/{version}/"):
            pattern = item["parameters"][0]["schema"]["pattern"]
            assert all(re.search(pattern, version) for version in ("v0", "v123456789", "latest"))
            assert not any(re.search(pattern, v) for v in ("v00", "v1234567890", "x", "v0/", "lat"))


@pytest.mark.parametrize("api_keys", ["", "first-key"])
def test_server_serves_its_own_document(
    served_config: Settings, manifests: dict[str, Manifest], api_keys: str
) -> None:
    """With its versions, its limits, and its API keys if it asks for any."""
    client = create_app(replace(served_config, api_keys=api_keys)).test_client()
    response = client.get("/openapi.json", headers={"X-API-Key": "first-key"})
    assert response.json == as_read(make_openapi(manifests, LIMITS, api_keys=bool(api_keys)))


def test_every_example_request_gets_the_answer_beside_it(
    served_config: Settings, document: Json
) -> None:
    """JSON and CSV, one row and many, of two classes, of three, and of odd columns."""
    client = create_app(served_config).test_client()
    answered = 0
    for path, method, operation in operations(document):
        contents = operation.get("requestBody", {}).get("content", {})
        for media_type, content in contents.items():
            for name, example in content["examples"].items():
                response = send(client, path, media_type, example["value"])
                assert response.status_code == 200, response.text
                check_response(document, operation, response, name)
                answered += 1
        if method == "get":
            response = client.get(path)
            examples = operation["responses"]["200"]["content"][response.mimetype].get("examples")
            check_response(document, operation, response, examples and next(iter(examples)))
            answered += 1
    assert answered == len([*operations(document)]) + 4 * 2  # predict has three examples, not one


def test_explanations_are_as_documented(served_config: Settings, document: Json) -> None:
    """Of two classes and of three."""
    client = create_app(served_config).test_client()
    for path, _, operation in operations(document):
        if path.endswith("/predict"):
            row = operation["requestBody"]["content"]["application/json"]["examples"]["one"]
            response = send(client, f"{path}?explain=true", "application/json", row["value"])
            assert "explanation" in response.get_json()
            check_response(document, operation, response)


def test_keys_are_asked_for_where_the_document_says(
    served_config: Settings, document_with_keys: Json
) -> None:
    """Without a key the open routes answer, and no other."""
    client = create_app(replace(served_config, api_keys="first-key")).test_client()
    open_paths = set()
    for path, method, operation in operations(document_with_keys):
        assert operation.get("security", []) == []
        refused = client.open(path, method=method.upper()).status_code == 401
        assert refused == ("security" not in operation) == ("401" in operation["responses"])
        open_paths |= set() if refused else {path}
    probes = ("healthcheck", "readyz")
    health = {f"/{name}/{probe}" for name in ("latest", "v0", "v1", "v2") for probe in probes}
    assert open_paths == {"/livez", "/readyz"} | health


def test_every_security_scheme_opens_the_server(
    served_config: Settings, document_with_keys: Json
) -> None:
    """Any one of them is enough."""
    client = create_app(replace(served_config, api_keys="first-key")).test_client()
    schemes = document_with_keys["components"]["securitySchemes"]
    assert document_with_keys["security"] == [{name: []} for name in schemes]
    for scheme in schemes.values():
        credentials = {
            "bearer": "Bearer first-key",
            "basic": f"Basic {b64encode(b'anybody:first-key').decode()}",
        }
        header = scheme.get("name", "Authorization")
        value = credentials.get(scheme.get("scheme"), "first-key")
        assert client.get("/v0/schema", headers={header: value}).status_code == 200
