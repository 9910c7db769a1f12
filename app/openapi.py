"""The OpenAPI 3.1 document of this server, from the same JSON Schemas that requests are held to.

A version's routes are written once, below a first segment of the path. The document has them for
each version there is and for `latest`, with that version's own rows and answers; while there is no
version, for the parameter `{version}`. Never both: beside each typed call, a generated client would
get an untyped one that does the same.
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
OPEN_PATHS = ("/livez", "/readyz", "/healthcheck")  # a path that ends so needs no API key
DESCRIPTION = """\
Predictions by versioned scikit-learn models.

Every error is JSON with a `message` that names all that is wrong with the request. A path that \
does not exist answers 404, `Not found.`; a method that a path does not take answers 405, \
`Method not allowed.`, with `Allow`. Every response carries `X-Request-ID`."""

Json = dict[str, Any]


def make_openapi(
    manifests: Mapping[str, Manifest],
    *,
    api_keys: bool = False,
    max_body_bytes: int = 16 * 1024 * 1024,
    max_json_rows: int = 10_000,
    max_csv_rows: int = 100_000,
) -> Json:
    """Return the document as plain JSON types.

    Parameters
    ----------
    manifests : mapping of str to Manifest
        Of each version, the highest first.
    api_keys : bool
        Whether clients must send a key.
    max_body_bytes, max_json_rows, max_csv_rows : int
        How much a request may hold.
    """
    schemas, responses = dict(SCHEMAS), dict(RESPONSES)
    responses["TooLarge"] = _error(
        "There are too many bytes or rows.",
        bytes=f"Request body is larger than {max_body_bytes} bytes.",
        json_rows=f"Request has more than {max_json_rows} rows.",
        csv_rows=f"Request has more than {max_csv_rows} rows.",
    )
    paths = _server_paths(list(manifests))
    if manifests:
        highest = next(iter(manifests.values()))
        for version, manifest in manifests.items():
            schemas |= _version_schemas(manifest)
            responses[f"{version}_Refused"] = _error(PREDICTS_NOT, **REFUSALS, **_refusals(manifest))
        for segment, manifest in {LATEST: highest, **manifests}.items():
            paths |= _version_paths(segment, manifest)
    document = {
        "openapi": "3.1.0",
        "info": {"title": TITLE, "version": API_VERSION, "description": DESCRIPTION},
        "paths": paths,
        "components": {"schemas": schemas, "responses": responses},
    }
    return _with_api_keys(document) if api_keys else document
