"""The keys that sign and verify model files: from the environment, or a file that only we read.

HMAC is symmetric: whoever holds a key can sign a model, and a model runs code when it is loaded.
"""

import os
import secrets
from dataclasses import dataclass

from app.helpers.errors import SigningKeyError

MIN_KEY_LENGTH = 32  # bytes; RFC 2104 advises a key no shorter than the hash's output


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
            with open(self.path, encoding="utf-8") as file:
                return _parse(file.read(), self.path)
        except FileNotFoundError as error:
            raise SigningKeyError(
                f"There is no model signing key: set MODEL_SIGNING_KEY, or train a model,"
                f" which makes {self.path}."
            ) from error
        except (OSError, UnicodeDecodeError) as error:
            raise SigningKeyError(f"The model signing key cannot be read: {error}.") from error

    def read_or_create(self) -> list[bytes]:
        """Return the keys; where there is neither text nor file, make the file with a new one."""
        if not self.text and not os.path.exists(self.path):
            _create(self.path)
        return self.read()


def _parse(text: str, source: str) -> list[bytes]:
    keys = [line.strip().encode() for line in text.splitlines() if line.strip()]
    if not keys or min(map(len, keys)) < MIN_KEY_LENGTH:
        raise SigningKeyError(
            f"{source} must hold one key a line, each of at least {MIN_KEY_LENGTH} bytes; make one"
            ' with: python -c "import secrets; print(secrets.token_hex(32))"'
        )
    return keys


def _create(path: str) -> None:
    """Make the file with its content at once, so that of two trainings that start one wins."""
    temporary_path = f"{path}.{secrets.token_hex(8)}.tmp"
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
    try:
        with open(os.open(temporary_path, flags, 0o600), "w") as file:
            file.write(secrets.token_hex(32) + "\n")
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(temporary_path, path)
        except FileExistsError:
            pass
        finally:
            os.unlink(temporary_path)
    except OSError as error:
        raise SigningKeyError(f"The model signing key cannot be made: {error}.") from error
