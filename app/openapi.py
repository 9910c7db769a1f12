"""The OpenAPI 3.1 document of this server, from the same JSON Schemas that requests are held to.

A version's routes are written once, below a first segment. The document has them for each version
there is and for `latest`, with that version's own rows and answers; with no version yet, for the
parameter `{version}`. Never both: beside each typed call a generated client would get an untyped
one that does the same.
"""

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any

from app.helpers.errors import UnavailableVersion, UnknownVersion
from app.helpers.files import VERSION_ID
from app.helpers.payloads import format_csv
from app.helpers.validation import RowValidator, make_schema
from app.models.manifest import Manifest
from app.models.model_store import LATEST

API_VERSION = "1.0.0"
ANY_VERSION = "{version}"
OPEN_PATHS = ("/livez", "/readyz", "/healthcheck")  # and what ends so: they need no API key
DESCRIPTION = """\
Predictions by versioned scikit-learn models.

Every error is JSON with a `message`: also a path that does not exist (404, `Not found.`) and a
method that a path does not take (405 with `Allow`, `Method not allowed.`). What is wrong with a
request is told all at once. Every response carries `X-Request-ID`, which is in the log too."""

Json = dict[str, Any]


def make_openapi(
    manifests: Mapping[str, Manifest],
    *,
    api_keys: bool = False,
    max_body_bytes: int = 16 * 1024 * 1024,
    max_json_rows: int = 10_000,
    max_csv_rows: int = 100_000,
) -> Json:
    """Return the document, as plain JSON types.

    Parameters
    ----------
    manifests : mapping of str to Manifest
        Of each version, the highest first.
    api_keys : bool
        Whether clients must send a key.
    max_body_bytes, max_json_rows, max_csv_rows : int
        What a request may have at most.
    """
    paths = _server_paths(list(manifests) or ["v0"])
    schemas, responses = dict(SCHEMAS), dict(RESPONSES)
    responses["TooLarge"] = _error(
        "Too many bytes or rows.",
        bytes=f"Request body is larger than {max_body_bytes} bytes.",
        json_rows=f"Request has more than {max_json_rows} rows.",
        csv_rows=f"Request has more than {max_csv_rows} rows.",
    )
    for version, manifest in manifests.items():
        schemas |= _version_schemas(version, manifest)
        responses[f"{version}_Refused"] = _refused(manifest)
    latest = {LATEST: next(iter(manifests.values()))} if manifests else {}
    for segment, known in ({**latest, **manifests} or {ANY_VERSION: None}).items():
        paths |= _version_paths(segment, known, max_json_rows)
    document = {
        "openapi": "3.1.0",
        "info": {
            "title": "flask-sklearn-seed",
            "version": API_VERSION,
            "description": DESCRIPTION,
        },
        "paths": paths,
        "components": {"schemas": schemas, "responses": responses, "headers": HEADERS},
    }
    return _with_api_keys(document) if api_keys else document


def _server_paths(versions: Sequence[str]) -> Json:
    ready, other = {"state": "ready", "outdated": False}, {"state": "not loaded", "outdated": False}
    states = {version: ready if version == versions[0] else other for version in versions}
    readiness = _ref("schemas", "Readiness")
    return {
        "/livez": _get("livez", "server", "Say that the process runs.", _text("OK")),
        "/readyz": _get(
            "readyz",
            "server",
            "Load the latest version and tell each one's state.",
            _json(readiness, latest_is_ready={"ready": True, "versions": states}),
            {
                "503": _response(
                    "No version is ready.",
                    _json(readiness, no_version={"ready": False, "versions": {}}),
                )
            },
        ),
        "/openapi.json": _get("openapi", "server", "Return this document.", _json(OBJECT)),
    }


def _version_paths(segment: str, manifest: Manifest | None, max_rows: int) -> Json:
    """Return the routes below `/<segment>`: a version's, `latest`, or the parameter itself."""
    tag, suffix = (segment, f"_{segment}") if manifest else ("version", "")
    parameters = [] if manifest else [VERSION_PARAMETER]
    missing = {"404": _error("There is no such version.", unknown=str(UnknownVersion(segment)))}
    if segment != LATEST:  # which is the highest that can be served
        missing["503"] = _error(
            "The version is there, but cannot be served.",
            RETRY_AFTER,
            unavailable=str(UnavailableVersion(segment, "")),
        )
    schema = {"of_a_row": make_schema(manifest.features)} if manifest else {}
    metadata = {"of_the_model": manifest.public()} if manifest else {}
    return {
        f"/{segment}/predict": {
            "post": _operation(
                f"predict{suffix}",
                tag,
                "Predict one row, many rows, or CSV.",
                _prediction(manifest)
                | missing
                | {
                    "400": _ref("responses", f"{manifest.version}_Refused" if manifest else "Host"),
                    "413": _ref("responses", "TooLarge"),
                    "415": _ref("responses", "UnknownMediaType"),
                },
                parameters=[*parameters, EXPLAIN_PARAMETER],
                requestBody=_request_body(manifest, max_rows),
            )
        },
        f"/{segment}/schema": _get(
            f"schema{suffix}",
            tag,
            "Return the JSON Schema (2020-12) of one row.",
            _json(OBJECT, **schema),
            missing,
            parameters=parameters,
        ),
        f"/{segment}/metadata": _get(
            f"metadata{suffix}",
            tag,
            "Return what is known of the model.",
            _json(_ref("schemas", "Metadata"), **metadata),
            missing,
            parameters=parameters,
        ),
        f"/{segment}/healthcheck": _get(
            f"healthcheck{suffix}",
            tag,
            "Say whether the version can predict; it is loaded to find out.",
            _text("OK", "Not OK"),
            parameters=parameters,
        ),
    }
