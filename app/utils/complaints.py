"""A complaint on stderr that all processes of a server make once, not once each."""

import sys
from contextlib import suppress

from app.utils.tokens import Tokens

_shared: list[Tokens] = []


def share(tokens: Tokens) -> None:
    """Make this process complain only if it gets one of the tokens that it shares with others."""
    _shared[:] = [tokens]


def complain(text: str) -> None:
    """Print a line to stderr, unless this process or one that it shares tokens with has done so."""
    if not _shared:
        share(Tokens(1))
    if _shared[0].take():
        with suppress(Exception):  # there may be no stderr
            print(text, file=sys.stderr, flush=True)
