"""Which other sites' pages may call the API from a browser (CORS); none unless configured."""

from collections.abc import Mapping
from typing import Any

Headers = list[tuple[str, str]]

EXPOSED = "X-Model-Version, X-Model-Digest, X-Request-ID, Retry-After"
PREFLIGHT = [
    ("Access-Control-Allow-Methods", "GET, POST"),
    ("Access-Control-Allow-Headers", "Authorization, Content-Type, X-API-Key, X-Request-ID"),
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

    @property
    def is_on(self) -> bool:
        """Whether there are any."""
        return bool(self._origins)

    def allows(self, environ: Mapping[str, Any]) -> bool:
        """Whether a WSGI request comes from a page of one of them."""
        return environ.get("HTTP_ORIGIN") in self._origins

    def is_preflight(self, environ: Mapping[str, Any]) -> bool:
        """Whether a browser asks if such a page may ask; it sends no key along."""
        return (
            environ["REQUEST_METHOD"] == "OPTIONS"
            and "HTTP_ACCESS_CONTROL_REQUEST_METHOD" in environ
            and self.allows(environ)
        )

    def headers(self, environ: Mapping[str, Any]) -> Headers:
        """Return what lets the page read the answer; empty for anybody else."""
        if not self.allows(environ):
            return []
        allowed = [
            ("Access-Control-Allow-Origin", environ["HTTP_ORIGIN"]),
            ("Access-Control-Expose-Headers", EXPOSED),
            ("Vary", "Origin"),
        ]
        return allowed + (PREFLIGHT if self.is_preflight(environ) else [])
