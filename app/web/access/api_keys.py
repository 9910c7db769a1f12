"""The API keys that clients send. Several can be valid at once, so that keys can be rotated."""

import base64
import binascii
import hmac
from collections.abc import Mapping
from typing import Any

CHALLENGES = ("Bearer", 'Basic realm="the API key is the password", charset="UTF-8"')
"""How a client is asked for a key (RFC 9110, section 11.6.1)."""

OPEN_ROUTES = ("/livez", "/readyz", "/healthcheck")


def is_open(route: str) -> bool:
    """Whether a route needs no key, because monitors hold no secrets.

    A path that matches no route (`""`) needs one.
    """
    return route.endswith(OPEN_ROUTES)


class ApiKeys:
    """The keys of which a client must send one; if there are none, everyone is let in.

    Parameters
    ----------
    text : str
        The keys, separated by commas.
    """

    def __init__(self, text: str) -> None:
        self._keys = [key.strip().encode() for key in text.split(",") if key.strip()]

    @property
    def are_set(self) -> bool:
        """Whether clients need a key at all."""
        return bool(self._keys)

    def accept(self, environ: Mapping[str, Any]) -> bool:
        """Whether a WSGI request carries a valid key.

        It can be sent as `Authorization: Bearer`, as `X-API-Key`, or as the password of HTTP Basic
        (RFC 7617), which browsers can send.
        """
        if not self._keys:
            return True
        sent = _sent_key(environ)
        # Compare with every key, each in constant time, so that the time taken reveals nothing.
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
    return str(text).encode("latin-1", "replace")  # PEP 3333: header bytes arrive as latin-1


def _password(credentials: str) -> bytes:
    try:
        decoded = base64.b64decode(credentials.strip(), validate=True)
    except (binascii.Error, ValueError):
        return b""
    return decoded.partition(b":")[2]
