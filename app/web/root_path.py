"""WSGI: serves the application below a path such as `/ml`, on a host that serves other things, too.

The path goes to WSGI's SCRIPT_NAME, from which Flask makes the addresses of all pages and files.
"""

import re
from collections.abc import Callable, Iterable
from typing import Any

from app.utils.url_paths import PREFIX
from app.web.wsgi_request import Environ

MAX_LENGTH = 256

_is_prefix = re.compile(PREFIX).fullmatch


class RootPath:
    """A WSGI application in front of another one.

    Parameters
    ----------
    wsgi_app : callable
    root_path : str
        The path, if no proxy tells it; empty if clients reach the application at `/`. Requests may
        come with it or, if a proxy removes it, without.
    n_proxies : int
        The number of proxies in front. In X-Forwarded-Prefix a proxy tells the path that it has
        removed. Each proxy appends a value, and so that of the outermost counts: the value at this
        place from the end.
    """

    def __init__(self, wsgi_app: Callable[..., Any], root_path: str, n_proxies: int) -> None:
        self._wsgi_app = wsgi_app
        self._root_path = root_path.rstrip("/")
        self._n_proxies = n_proxies

    def __call__(self, environ: Environ, start_response: Any) -> Iterable[bytes]:
        """Answer one request."""
        if (prefix := self._forwarded(environ)) is not None:
            environ["SCRIPT_NAME"] = prefix
        elif root_path := self._root_path:
            environ["SCRIPT_NAME"] = root_path
            path: str = environ["PATH_INFO"]
            if f"{path}/".startswith(f"{root_path}/"):
                environ["PATH_INFO"] = path[len(root_path) :] or "/"
        answer: Iterable[bytes] = self._wsgi_app(environ, start_response)
        return answer

    def _forwarded(self, environ: Environ) -> str | None:
        """Return the path that a proxy says it has removed; None if it says nothing of use.

        A proxy may pass on what a client says. Only a plain path is believed: with `//evil.example`
        all links on a page would lead to another host.
        """
        if not self._n_proxies or not (header := environ.get("HTTP_X_FORWARDED_PREFIX")):
            return None
        values = header.split(",")
        if len(values) < self._n_proxies:
            return None
        prefix: str = values[-self._n_proxies].strip().removesuffix("/")
        return prefix if len(prefix) <= MAX_LENGTH and _is_prefix(prefix) else None
