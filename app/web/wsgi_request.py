"""Reads a WSGI request, for Flask's views and the fast path alike: its id and its body.

Servers differ: with some of them, reading beyond the Content-Length blocks; with others, one read
may return only part of the body.
"""

import io
import random
import re
from typing import Any

from app.helpers.errors import InvalidPayload, PayloadTooLarge

CHUNK_SIZE = 64 * 1024  # bytes
_BODY = "app.body"

Environ = dict[str, Any]

_is_request_id = re.compile(r"[A-Za-z0-9._-]{1,64}").fullmatch


def request_id(environ: Environ) -> str:
    """Return the id that the client sent if it is a plain one, otherwise a new one."""
    sent: str = environ.get("HTTP_X_REQUEST_ID", "")
    if sent and _is_request_id(sent):
        return sent
    # Unique, but no secret. Random numbers from the operating system cost a system call, which
    # releases the interpreter's lock, and then the thread has to wait for it.
    return random.getrandbits(64).to_bytes(8, "big").hex()


def content_length(environ: Environ) -> int | None:
    """Return the length of the body in bytes as the client declared it; None if it is unclear."""
    text: str = environ.get("CONTENT_LENGTH", "")
    return int(text) if text.isascii() and text.isdigit() else None


def read(environ: Environ, size: int) -> bytes:
    """Return the next `size` bytes of the body, or fewer if it ends before."""
    stream = environ["wsgi.input"]
    body: bytes = stream.read(min(size, CHUNK_SIZE))
    if len(body) == size:  # the usual case: one row is small
        return body
    chunks, left = [body], size - len(body)
    while left > 0 and (chunk := stream.read(min(left, CHUNK_SIZE))):
        chunks.append(chunk)
        left -= len(chunk)
    return b"".join(chunks)


def put_back(environ: Environ, body: bytes) -> None:
    """Make the body available to the next reader, after it has been read."""
    environ["wsgi.input"] = io.BytesIO(body)
    environ[_BODY] = body


def read_body(environ: Environ, limit: int) -> bytes:
    """Return the body, and put it back for the next reader.

    Parameters
    ----------
    environ : dict
        Of the WSGI request.
    limit : int
        Bytes.

    Raises
    ------
    PayloadTooLarge
        If the body is larger. It is not read any further than necessary to find out.
    InvalidPayload
        If the client went away before it had sent everything; servers take that for the end.
    """
    declared = _expected_length(environ)
    if declared is not None and declared > limit:
        raise too_many_bytes(limit)
    body = environ.get(_BODY)
    if body is None:
        body = read(environ, limit + 1 if declared is None else declared)
    if len(body) > limit:
        raise too_many_bytes(limit)
    if declared is not None and len(body) < declared:
        raise InvalidPayload("Request body is shorter than its Content-Length.")
    put_back(environ, body)
    return body


def too_many_bytes(limit: int) -> PayloadTooLarge:
    """Return the error for a body of more than `limit` bytes."""
    return PayloadTooLarge(f"Request body is larger than {limit} bytes.")


def is_read(environ: Environ) -> bool:
    """Return whether the body has been read."""
    return _BODY in environ


def _expected_length(environ: Environ) -> int | None:
    """Return the length of the body in bytes; None if only the end of the stream tells."""
    declared = content_length(environ)
    return 0 if declared is None and not environ.get("wsgi.input_terminated") else declared
