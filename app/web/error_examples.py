"""An example of each error answer, worded by the code that raises the error."""

from collections.abc import Callable
from typing import Any

from app.helpers.errors import ApplicationError, UnavailableVersion, UnknownVersion
from app.helpers.payloads import check_row_count, parse_json
from app.helpers.validation import RowValidator, validate
from app.store.manifest import Manifest
from app.store.rows import make_validator
from app.tables.csv_payload import parse_csv
from app.web.access.admission import ONE_HOST, VALID_KEY
from app.web.content import check_content, gunzip
from app.web.exchange import INTERNAL_SERVER_ERROR, error_body
from app.web.query import parse_query
from app.web.services import Limits
from app.web.wsgi_request import read_body

Examples = dict[str, dict[str, Any]]

NO_HOST: Examples = {"no_host": {"message": ONE_HOST}}
NO_KEY: Examples = {"no_key": {"message": VALID_KEY}}


def failure(request_id: str) -> Examples:
    """Return the answer to what nobody foresaw."""
    return {"unforeseen": {"message": INTERNAL_SERVER_ERROR, "request_id": request_id}}


def unknown(version: str) -> Examples:
    """Return the answer where there is no such version."""
    return {"unknown": error_body(UnknownVersion(version))}


def unavailable(version: str) -> Examples:
    """Return the answer where there is one that cannot be served."""
    return {"unavailable": error_body(UnavailableVersion(version, ""))}


def unreadable() -> Examples:
    """Return the answers to bodies of a kind that cannot be read."""
    json, latin = "application/json", {"charset": "latin-1"}
    return {
        "media_type": _refusal(check_content, "text/plain", {}, {}),
        "charset": _refusal(check_content, json, latin, {}),
        "encoding": _refusal(check_content, json, {}, {"HTTP_CONTENT_ENCODING": "br"}),
    }


def too_large(limits: Limits) -> Examples:
    """Return the answers to requests that exceed the limits."""
    n_bytes = limits.max_body_bytes
    return {
        "bytes": _refusal(read_body, {"CONTENT_LENGTH": str(n_bytes + 1)}, n_bytes),
        "json_rows": _refusal(check_row_count, limits.max_json_rows + 1, limits.max_json_rows),
        "csv_rows": _refusal(check_row_count, limits.max_csv_rows + 1, limits.max_csv_rows),
    }


def invalid(manifest: Manifest | None, row: dict[str, Any] | None) -> Examples:
    """Return the answers to requests that no prediction can be made from.

    Parameters
    ----------
    manifest : Manifest or None
        Of the version that is asked.
    row : dict or None
        A valid row of that version.
    """
    validator = make_validator(manifest) if manifest else RowValidator(())
    deep: Any = {}
    for _ in range(33):
        deep = [deep]
    examples = NO_HOST | {
        "unknown_parameter": _refusal(parse_query, {"QUERY_STRING": "explian=true"}, False, None),
        "explain": _refusal(parse_query, {"QUERY_STRING": "explain=maybe"}, False, None),
        "explain_csv": _refusal(parse_query, {"QUERY_STRING": "explain=true"}, True, None),
        "threshold": _refusal(parse_query, {"QUERY_STRING": "threshold=2"}, False, None),
        "no_gzip": _refusal(gunzip, b"", 0),
        "no_json": _refusal(parse_json, b"", 0),
        "no_csv": _refusal(parse_csv, b"", validator, 0),
        "too_deep": _refusal(validate, deep, validator),
        "no_rows": _refusal(validate, [1], validator),
    }
    if manifest:
        other = "label" if manifest.task == "regression" else "interval"
        examples["other_task"] = _refusal(
            parse_query, {"QUERY_STRING": f"{other}=true"}, False, manifest
        )
    if manifest and row:
        first = manifest.features[0].name
        shorter = {key: value for key, value in row.items() if key != first}
        surplus = {"not a feature": 1}
        examples |= {
            "missing_key": _refusal(validate, shorter, validator),
            "unexpected_key": _refusal(validate, row | surplus, validator),
            "invalid_value": _refusal(validate, row | {first: []}, validator),
            "several": _refusal(validate, shorter | {"id": None} | surplus, validator),
            "many_rows": _refusal(validate, [row, shorter], validator),
        }
    return examples


def _refusal(function: Callable[..., Any], *arguments: Any) -> dict[str, Any]:
    """Return the answer to the error that a function raises."""
    try:
        function(*arguments)
    except ApplicationError as error:
        return error_body(error)
    raise ValueError(f"{function.__name__} accepts {arguments}")
