"""The query of a prediction: what a client can ask for besides the prediction."""

from urllib.parse import parse_qs

from app.helpers.errors import InvalidRequest
from app.web.wsgi_request import Environ


def wants_explanation(environ: Environ, is_csv: bool) -> bool:
    """Whether a WSGI request asks for an explanation.

    Raises
    ------
    InvalidRequest
        If it asks for one and sends CSV, or if what it asks for is unclear.
    """
    # Not Flask's request.args, which fails on bytes that are not UTF-8.
    text: str = environ.get("QUERY_STRING", "")
    explain = parse_qs(text, keep_blank_values=True).get("explain", ["false"])[0]
    if explain not in ("true", "false"):
        raise InvalidRequest("The query parameter 'explain' must be true or false.")
    if explain == "true" and is_csv:
        raise InvalidRequest("Explanations are given for JSON only.")
    return explain == "true"
