"""What is said on stderr beside the result: warnings, and how far a long training is."""

import os
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click

LONG_FILE = 20 * 1024 * 1024  # bytes; reading more is worth a progress bar


def note(text: str) -> None:
    """Say a line."""
    click.echo(text, err=True)


@contextmanager
def warnings_as_notes() -> Iterator[None]:
    """Collect what libraries warn of, and say each once, in one line."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield
    for text in dict.fromkeys(" ".join(str(warning.message).split()) for warning in caught):
        note(f"Warning: {text}")


@contextmanager
def progress(path: str) -> Iterator[Callable[[int], None]]:
    """Show on a terminal how much of a long file has been read.

    Yields
    ------
    callable
        To be told the number of bytes.
    """
    size = os.path.getsize(path) if os.path.isfile(path) else 0
    hidden = size < LONG_FILE or not sys.stderr.isatty()
    with click.progressbar(length=size, label="Reading", file=sys.stderr, hidden=hidden) as bar:
        # A file that must be read again starts over; the bar stays until that is made up for.
        yield lambda position: bar.update(max(0, position - bar.pos))
    if not hidden:
        note("Training …")
