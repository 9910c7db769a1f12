"""Numbers, dates and names as people read them."""

import doctest

from app.web.report import typeset


def test_numbers_are_written_as_their_docstrings_say() -> None:
    """The examples of app/web/report/typeset.py."""
    assert doctest.testmod(typeset) == (0, 5)
