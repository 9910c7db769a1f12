"""The Host header: exactly one, and a name that this server goes by.

Pages contain links made from it, so a forged name would end up in them.
"""

import re
from collections.abc import Mapping
from typing import Any

_port = re.compile(r":[0-9]*$")


def has_one_host(environ: Mapping[str, Any]) -> bool:
    """Whether exactly one Host was sent (RFC 9112, section 3.2); HTTP/1.0 may do without."""
    host: str | None = environ.get("HTTP_HOST")
    if not host:  # granian says HTTP/1 for HTTP/1.0
        return environ["SERVER_PROTOCOL"] in ("HTTP/1", "HTTP/1.0")
    return "," not in host  # several arrive joined


class TrustedHosts:
    """The hosts that a request may name; if none are given, it may name any.

    Parameters
    ----------
    text : str
        Names separated by commas. One that begins with a dot stands for all subdomains.
    """

    def __init__(self, text: str) -> None:
        names = [name.strip().lower() for name in text.split(",") if name.strip()]
        self._names = frozenset(name for name in names if not name.startswith("."))
        self._suffixes = tuple(name for name in names if name.startswith("."))

    @property
    def are_set(self) -> bool:
        """Whether only some hosts may be named."""
        return bool(self._names or self._suffixes)

    def accept(self, environ: Mapping[str, Any]) -> bool:
        """Whether a WSGI request names one of them, on any port."""
        if not self.are_set:
            return True
        name = _port.sub("", environ.get("HTTP_HOST") or "").lower()
        return name in self._names or name.endswith(self._suffixes)
