"""What is said on stderr beside the result: warnings, and how far a long training or scoring is."""

import os
import sys
import time
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


@contextmanager
def scoring_progress(size: int) -> Iterator[Callable[[int, int], None]]:
    """Show on a terminal how much of long files has been scored, how fast, and how long it takes.

    Parameters
    ----------
    size : int
        Of all files, in bytes.

    Yields
    ------
    callable
        To be told how many more bytes are done, and how many rows so far.
    """
    started = time.monotonic()
    hidden = size < LONG_FILE or not sys.stderr.isatty()

    def show(n_rows: int | None) -> str:
        return f"{(n_rows or 0) / (time.monotonic() - started):,.0f} rows/s"

    with click.progressbar(
        length=size, label="Scoring", file=sys.stderr, hidden=hidden, item_show_func=show
    ) as bar:
        yield bar.update
        bar.update(max(0, size - bar.pos))  # headers are in no block
