"""Functions that fail as the system does."""

import os
from collections.abc import Callable


def fail_with(code: int) -> Callable[..., None]:
    """Return a function that fails as the system does."""

    def fail(*_: object) -> None:
        raise OSError(code, os.strerror(code))

    return fail
