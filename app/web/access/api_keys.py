"""Who may ask: any of several keys, so that they can be rotated."""

import base64
import binascii
import hmac
from collections.abc import Mapping
from typing import Any

OPEN_ROUTES = ("/livez", "/readyz", "/healthcheck")


def is_open(route: str) -> bool:
    """Whether a route needs no key: monitors hold no secrets. No route (`""`) needs one."""
    return route.endswith(OPEN_ROUTES)


class ApiKeys:
    """The keys that clients must send one of; with none, anybody may ask.

    Parameters
    ----------
    text : str
        The keys, separated by commas.
    """

    def __init__(self, text: str) -> None:
        self._keys = [key.strip().encode() for key in text.split(",") if key.strip()]

    @property
    def are_set(self) -> bool:
        """Whether a key is needed at all."""
        return bool(self._keys)

    def accept(self, environ: Mapping[str, Any]) -> bool:
        """Whether a WSGI request carries a key.

        As `Authorization: Bearer`, as `X-API-Key`, or as the password of HTTP Basic (RFC 7617) so
        that a browser can send it.
        """
        if not self._keys:
            return True
        sent = _sent_key(environ)
        # Every key is compared, each in constant time: how long it takes tells nothing.
        return sum(hmac.compare_digest(sent, key) for key in self._keys) > 0


def _sent_key(environ: Mapping[str, Any]) -> bytes:
    scheme, _, credentials = environ.get("HTTP_AUTHORIZATION", "").partition(" ")
    match scheme.lower():
        case "bearer":
            text = credentials.strip()
        case "basic":
            return _password(credentials)
        case _:
            text = environ.get("HTTP_X_API_KEY", "")
    return str(text).encode("latin-1", "replace")  # PEP 3333: header bytes come as latin-1


def _password(credentials: str) -> bytes:
    try:
        decoded = base64.b64decode(credentials.strip(), validate=True)
    except (binascii.Error, ValueError):
        return b""
    return decoded.partition(b":")[2]
