"""TF-IDF of one text in plain Python: the numbers of scikit-learn's TfidfVectorizer, much faster.

A word that is n times in a text counts (1 + ln n) · idf, where idf is larger the fewer texts of the
training set have the word. The numbers of a text are then divided by their Euclidean norm, so that
long texts weigh no more than short ones (Manning, Raghavan, Schütze, *Introduction to Information
Retrieval*, section 6.4).
"""

import math
from collections import Counter
from collections.abc import Sequence

from app.helpers.words import words_of

WordNumbers = list[tuple[int, float]]
"""The words of a text that a model knows: the place of each in the vocabulary, and its TF-IDF."""

MAX_WORDS = 10
"""So many words of a text are named when it is explained."""


class TfIdf:
    """Turns texts into the TF-IDF of their words.

    Parameters
    ----------
    words : shape (n_words,)
        The vocabulary, in lower case.
    idf : shape (n_words,)
    """

    def __init__(self, words: Sequence[str], idf: Sequence[float]) -> None:
        self.words = tuple(words)
        self.idf = tuple(idf)
        numbered = enumerate(zip(self.words, self.idf, strict=True))
        self._by_word = {word: (place, number) for place, (word, number) in numbered}

    def of_text(self, text: str | None) -> WordNumbers:
        """Return what a text says about the words of the vocabulary; a missing text is empty."""
        by_word = self._by_word
        counts = Counter(filter(by_word.__contains__, words_of(text or "")))
        numbers = [
            (place, (1.0 + math.log(count)) * idf)
            for count, (place, idf) in ((count, by_word[word]) for word, count in counts.items())
        ]
        norm = math.sqrt(math.fsum(number * number for _, number in numbers))
        return [(place, number / norm) for place, number in numbers]


class WordWeights:
    """What each word adds to a score, less `center`: what the average training text adds.

    Parameters
    ----------
    words : shape (n_words,)
    weights : shape (n_words,)
    center : float
    """

    __slots__ = ("center", "weights", "words")

    def __init__(self, words: Sequence[str], weights: Sequence[float], center: float = 0.0) -> None:
        self.words = tuple(words)
        self.weights = tuple(weights)
        self.center = center

    def __getitem__(self, numbers: WordNumbers) -> float:
        """Return what a text contributes."""
        total = 0.0
        weights = self.weights
        for place, number in numbers:
            total += weights[place] * number
        return total - self.center

    def strongest(self, numbers: WordNumbers) -> dict[str, float]:
        """Return what the strongest words of a text add, MAX_WORDS at most, the strongest first."""
        added = [(self.weights[place] * number, place) for place, number in numbers]
        added.sort(key=lambda each: (-abs(each[0]), each[1]))
        return {self.words[place]: amount for amount, place in added[:MAX_WORDS] if amount}
