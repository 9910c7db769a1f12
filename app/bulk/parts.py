"""Parts of an output that the workers of a cluster write to a directory beside it.

Then only the names of these files go through the scheduler, which would otherwise be the
bottleneck. A worker on a machine that does not have the directory sends the content itself.
"""

import os
import secrets
import shutil
from contextlib import suppress
from dataclasses import dataclass
from typing import BinaryIO

_COPY_BYTES = 256 * 1024  # that stay in the processor's cache


@dataclass(frozen=True)
class Part:
    """The content of a block, in a file."""

    path: str

    def move_to(self, file: BinaryIO) -> None:
        """Append it to the output; raise OSError if it is gone or cannot be written."""
        with open(self.path, "rb") as part:
            shutil.copyfileobj(part, file, _COPY_BYTES)
        with suppress(OSError):
            os.unlink(self.path)


def put_down(content: bytes, directory: str) -> Part | bytes:
    """Write the content to a file and return that; return the content itself if that fails."""
    # Another name at each try: a worker that is taken for dead may still be writing.
    path = os.path.join(directory, secrets.token_hex(8))
    try:
        with open(path, "xb") as file:
            file.write(content)
    except OSError:
        with suppress(OSError):  # half of it would take room
            os.unlink(path)
        return content
    return Part(path)
