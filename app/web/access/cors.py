"""Which other sites' pages may call the API from a browser (CORS); none by default."""

from collections.abc import Mapping
from typing import Any

Headers = list[tuple[str, str]]

EXPOSED = "X-Model-Version, X-Model-Digest, X-Request-ID, Retry-After"
ALLOWED = (  # of the headers that the server reads
    "Authorization, Content-Encoding, Content-Type, Traceparent, Tracestate, X-API-Key,"
    " X-Request-ID"
)
PREFLIGHT = [
    ("Access-Control-Allow-Methods", "GET, POST"),
    ("Access-Control-Allow-Headers", ALLOWED),
    ("Access-Control-Max-Age", "600"),
]


class Cors:
    """The origins whose pages may read answers.

    Parameters
    ----------
    text : str
        Origins such as `https://example.com`, separated by commas.
    """

    def __init__(self, text: str) -> None:
        self._origins = frozenset(item.strip() for item in text.split(",") if item.strip())

    def allows(self, environ: Mapping[str, Any]) -> bool:
        """Whether a WSGI request comes from a page of one of these origins."""
        return environ.get("HTTP_ORIGIN") in self._origins

    def is_preflight(self, environ: Mapping[str, Any]) -> bool:
        """Whether a browser asks, on behalf of such a page, if the page may send a request."""
        return (
            environ["REQUEST_METHOD"] == "OPTIONS"
            and "HTTP_ACCESS_CONTROL_REQUEST_METHOD" in environ
            and self.allows(environ)
        )

    def headers(self, environ: Mapping[str, Any]) -> Headers:
        """Return the headers that let the page read the answer; none for any other client."""
        if not self.allows(environ):
            return []
        allowed = [
            ("Access-Control-Allow-Origin", environ["HTTP_ORIGIN"]),
            ("Access-Control-Expose-Headers", EXPOSED),
            ("Vary", "Origin"),
        ]
        return allowed + (PREFLIGHT if self.is_preflight(environ) else [])
