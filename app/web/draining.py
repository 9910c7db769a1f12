"""Reads, after the answer, what nobody has read of a request's body.

If a server closes a connection on which a client is still sending, the client may see a reset
connection instead of the answer. So the rest of a rejected body is read, within limits. But no
answer waits for it: it may never come.
"""

import time
from threading import BoundedSemaphore

from app.web.wsgi_request import CHUNK_SIZE, Environ, content_length, is_read

SECONDS = 1.0
PATIENCE = 0.1


class Draining:
    """Reads the rest of bodies, up to twice the limit and for about a second each.

    Parameters
    ----------
    limit : int
        The largest body that is accepted, in bytes.
    threads : int
        How many threads may do that at once. A client that sends nothing occupies one until it goes
        away, so a server has to have others. If there is none for `PATIENCE` seconds, the rest is
        not read, and the server closes the connection.
    """

    def __init__(self, limit: int, threads: int) -> None:
        self._most = 2 * limit
        self._free = BoundedSemaphore(threads)

    def is_needed(self, environ: Environ) -> bool:
        """Return whether a client may still be sending a body."""
        if is_read(environ):
            return False
        declared = content_length(environ)
        return "HTTP_TRANSFER_ENCODING" in environ if declared is None else declared > 0

    def ends_connection(self, environ: Environ) -> bool:
        """Return whether the connection of such a client cannot be used for another request."""
        # Who expects to be told to send the body gets an answer instead (RFC 9110, 10.1.1).
        return (content_length(environ) or 0) > self._most or "HTTP_EXPECT" in environ

    def drain(self, environ: Environ) -> None:
        """Read the rest; to be called when the answer has been sent."""
        if "HTTP_EXPECT" in environ or not self._free.acquire(timeout=PATIENCE):
            return
        try:
            self._read(environ)
        finally:
            self._free.release()

    def _read(self, environ: Environ) -> None:
        declared = content_length(environ)
        left = self._most if declared is None else min(declared, self._most)
        deadline = time.monotonic() + SECONDS
        while left > 0 and time.monotonic() < deadline:
            chunk = environ["wsgi.input"].read(min(left, CHUNK_SIZE))
            if not chunk:
                return
            left -= len(chunk)
