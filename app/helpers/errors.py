"""What can go wrong, in the words of this application; statuses and exit codes are the edge's."""

from collections.abc import Iterable
from typing import Any


class ApplicationError(Exception):
    """The base of the family; `str(error)` is a sentence that is safe to show."""


class InvalidVersionId(ApplicationError, ValueError):
    """A version id that is not `v` and a number."""


class UnknownVersion(ApplicationError):
    """There is no trained model of that version."""

    def __init__(self, version: str) -> None:
        super().__init__(f"Trained model version {quote(version)} was not found.")


class UnavailableVersion(ApplicationError):
    """There is such a version, but it cannot be served; `reason` is for the log alone."""

    def __init__(self, version: str, reason: str) -> None:
        super().__init__(f"Trained model version {quote(version)} is unavailable.")
        self.reason = reason


class InvalidModelFile(ApplicationError):
    """A model file that must not be used: unsigned, altered, of other libraries, or wrong."""


class RefusedOperation(ApplicationError):
    """A command that is not carried out; the message says why, and what to do instead."""


class SigningKeyError(ApplicationError):
    """There is no usable key to sign or verify models with; the message says how to get one."""


class InvalidRequest(ApplicationError):
    """A request that is wrong whatever its payload."""


class Unauthorized(ApplicationError):
    """The request has no valid API key."""


class UnknownMediaType(ApplicationError):
    """A payload of a kind that cannot be read."""


class UnknownEncoding(ApplicationError):
    """A payload that is compressed, or otherwise encoded, in a way that cannot be undone."""


class InvalidPayload(ApplicationError):
    """The payload can be read, but it does not hold valid rows.

    Attributes
    ----------
    errors : list of {"row": int, "message": str}
        The first invalid rows where there were many; rows count from 0.
    """

    def __init__(self, message: str, errors: list[dict[str, Any]] | None = None) -> None:
        super().__init__(message)
        self.errors = errors or []


class PayloadTooLarge(ApplicationError):
    """More bytes or rows than the limits allow."""


class NotExplainable(ApplicationError):
    """The model has no exact contributions to show."""


class InvalidDataset(ApplicationError):
    """A file that cannot be trained on or scored; the message names row and column if possible."""


class InvalidNote(ApplicationError):
    """A note about a version that is too long, or that a line of text cannot show."""


def quote(name: str) -> str:
    r"""Return a name for a message: in single quotes, escaped, at most 64 characters of it.

    >>> print(quote("it's"), quote("a\nb"))
    'it\'s' 'a\nb'
    """
    shown = name if len(name) <= 64 else name[:63] + "…"
    return "'" + "".join(map(_escape, shown)) + "'"


def _escape(character: str) -> str:
    if character in "'\\":
        return "\\" + character
    return character if character.isprintable() else ascii(character)[1:-1]


def enumerate_first(items: Iterable[str]) -> str:
    """Return the first ten items separated by commas, and how many more there are."""
    first, more = (items := list(items))[:10], len(items) - 10
    return ", ".join(first) + (f" and {more} more" if more > 0 else "")
