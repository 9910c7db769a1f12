"""Distributed traces: a request may be one step of what a client or proxy follows over servers."""

import re

# Version ff is invalid, and so are ids of zeros alone. Version 00 ends after the flags; a later one
# may go on.
_parse = re.compile(
    r"(?!ff|00.{54})[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(?:-.*)?"
).fullmatch


def trace_id(traceparent: str) -> str:
    """Return the id of the trace, 32 hex digits, that a `traceparent` names; else an empty text.

    https://www.w3.org/TR/trace-context/#traceparent-header
    """
    parts = _parse(traceparent) if traceparent else None
    return parts[1] if parts else ""
