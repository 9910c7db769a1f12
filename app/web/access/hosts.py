"""Which names the server may be called by; a forged Host would end up in the links on pages."""

import re
from collections.abc import Mapping
from typing import Any

_port = re.compile(r":[0-9]*$")


class TrustedHosts:
    """The hosts that a request may name; with none, it may name any.

    Parameters
    ----------
    text : str
        Names separated by commas; one that begins with a dot stands for all subdomains.
    """

    def __init__(self, text: str) -> None:
        names = [name.strip().lower() for name in text.split(",") if name.strip()]
        self._names = frozenset(name for name in names if not name.startswith("."))
        self._suffixes = tuple(name for name in names if name.startswith("."))

    @property
    def are_set(self) -> bool:
        """Whether a request may name only some."""
        return bool(self._names or self._suffixes)

    def accept(self, environ: Mapping[str, Any]) -> bool:
        """Whether the Host of a WSGI request, whatever its port, is one of them."""
        if not self.are_set:
            return True
        name = _port.sub("", environ.get("HTTP_HOST") or "").lower()
        return name in self._names or name.endswith(self._suffixes)
