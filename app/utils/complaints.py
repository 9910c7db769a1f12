"""A complaint on stderr that all processes of a server make once, not once each."""

import sys
from collections.abc import Iterable
from contextlib import suppress

from app.utils.tokens import Tokens

_tokens: dict[str, Tokens] = {}


def share(topics: Iterable[str]) -> None:
    """Let this process and those forked from it complain of each topic only once altogether."""
    for topic in topics:
        if topic not in _tokens:
            _tokens[topic] = Tokens(1)


def complain(topic: str, text: str) -> None:
    """Print a line to stderr, unless the topic is shared and another process was quicker."""
    if topic not in _tokens or _tokens[topic].take():
        with suppress(Exception):  # there may be no stderr
            print(text, file=sys.stderr, flush=True)
