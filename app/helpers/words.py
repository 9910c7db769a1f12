"""The words of a text, as scikit-learn's vectorizers find them by default."""

import re

_WORD = re.compile(r"\b\w\w+\b")


def words_of(text: str) -> list[str]:
    """Return the words of a text in lower case, one for each time that it is there.

    >>> words_of("I can't, I won't: 2 refunds in 2026!")
    ['can', 'won', 'refunds', 'in', '2026']
    """
    return _WORD.findall(text.lower())
