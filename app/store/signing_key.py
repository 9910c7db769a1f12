"""The keys that sign and verify model files: from the environment, or a file that only we read.

HMAC is symmetric: whoever holds a key can sign a model, and a model runs code when it is loaded.
"""

import contextlib
import os
import secrets
import time
from dataclasses import dataclass

from app.helpers.errors import SigningKeyError
from app.utils.files import write_atomically

MIN_KEY_LENGTH = 32  # bytes; RFC 2104 advises a key no shorter than the hash's output
_MAKING_SECONDS = 1.0  # that another process gets to fill the key file, once it is there
_BYTE_ORDER_MARK = "\ufeff"  # which some editors write
_REMEDY = 'Make one with: python -c "import secrets; print(secrets.token_hex(32))"'


@dataclass(frozen=True)
class SigningKeys:
    """Where the keys are: read anew at each use, so that they can be rotated.

    Attributes
    ----------
    text : str
        The keys themselves, one a line; the first signs, any verifies. Empty: look in the file.
    path : str
        The file that holds them.
    """

    text: str
    path: str

    def read(self) -> list[bytes]:
        """Return the keys, at least one; SigningKeyError if there is none or one is too short."""
        if self.text:
            return _parse(self.text, "MODEL_SIGNING_KEY")
        try:
            with open(self.path, encoding="utf-8", errors="surrogateescape") as file:
                text = file.read()
        except FileNotFoundError as error:
            raise SigningKeyError(
                f"There is no model signing key: set MODEL_SIGNING_KEY, or train a model,"
                f" which makes {self.path}."
            ) from error
        except OSError as error:
            raise SigningKeyError(f"The model signing key cannot be read: {error}.") from error
        return _parse(text, self.path)

    def read_or_create(self) -> list[bytes]:
        """Return the keys; where there is neither text nor file, make the file with a new one."""
        if not self.text:
            if not os.path.exists(self.path):
                _create(self.path)
            _await_content(self.path)
        return self.read()


def _parse(text: str, source: str) -> list[bytes]:
    try:
        lines = text.replace(_BYTE_ORDER_MARK, "").splitlines()
        keys = [line.strip().encode() for line in lines if line.strip()]
    except UnicodeEncodeError:  # its own message would show a piece of the key
        raise SigningKeyError(f"{source} must be UTF-8 text. {_REMEDY}") from None
    if not keys or min(map(len, keys)) < MIN_KEY_LENGTH:
        raise SigningKeyError(
            f"{source} must hold one key per line, each of at least {MIN_KEY_LENGTH} bytes."
            f" {_REMEDY}"
        )
    return keys


def _create(path: str) -> None:
    key = secrets.token_hex(32).encode() + b"\n"
    try:
        # Whole and never over another's: of several trainings that start at once, one makes it.
        write_atomically(path, [key], mode=0o600, replace=False)
    except FileExistsError:
        pass
    except OSError as error:
        raise SigningKeyError(f"The model signing key cannot be made: {error}.") from error


def _await_content(path: str) -> None:
    """Wait for another training that is just making the file, where it cannot do so at once."""
    deadline = time.monotonic() + _MAKING_SECONDS
    with contextlib.suppress(OSError):
        while os.path.getsize(path) == 0 and time.monotonic() < deadline:
            time.sleep(0.01)
