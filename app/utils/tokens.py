"""Tokens that processes share: how often something may still happen in all of them together."""

import os
from multiprocessing import Pipe


class Tokens:
    """A number of tokens; whichever process asks first gets one.

    They are bytes in a pipe. The locks and semaphores of `multiprocessing` would need a file in
    /dev/shm, which may be full, read-only or missing.
    """

    def __init__(self, count: int) -> None:
        self._reader, self._writer = Pipe(duplex=False)
        for end in (self._reader, self._writer):
            os.set_blocking(end.fileno(), False)
        os.write(self._writer.fileno(), bytes(count))

    def take(self) -> bool:
        """Take a token; return whether there was one."""
        try:
            return bool(os.read(self._reader.fileno(), 1))
        except BlockingIOError:
            return False
