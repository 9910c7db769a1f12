"""Which requests are let in, decided in one place for Flask's views and the fast path."""

from collections.abc import Mapping
from typing import Any

from app.helpers.errors import ApplicationError, InvalidRequest, Unauthorized
from app.web.access.api_keys import ApiKeys, is_open
from app.web.access.cors import Cors
from app.web.access.hosts import TrustedHosts, has_one_host

ONE_HOST = "Exactly one Host header is required."
TRUSTED_HOST = "The Host header names no host that is served here."
VALID_KEY = "A valid API key is required."


class Admission:
    """The checks that every request passes before anything else is done for it.

    Attributes
    ----------
    api_keys : ApiKeys
    hosts : TrustedHosts
    cors : Cors
    """

    def __init__(self, api_keys: ApiKeys, hosts: TrustedHosts, cors: Cors) -> None:
        self.api_keys = api_keys
        self.hosts = hosts
        self.cors = cors
        self._admits_everyone = not (api_keys.are_set or hosts.are_set)

    def refusal(self, environ: Mapping[str, Any], route: str) -> ApplicationError | None:
        """Return why a WSGI request is turned away, or None if it is let in.

        Parameters
        ----------
        environ : mapping
        route : str
            What its path was matched to, such as `/<version>/predict`; empty if nothing.
        """
        if not has_one_host(environ):
            return InvalidRequest(ONE_HOST)
        # Browsers send no key with a preflight, and monitors hold no secrets and call by address.
        if self._admits_everyone or is_open(route) or self.cors.is_preflight(environ):
            return None
        if not self.hosts.accept(environ):
            return InvalidRequest(TRUSTED_HOST)
        if not self.api_keys.accept(environ):
            return Unauthorized(VALID_KEY)
        return None
