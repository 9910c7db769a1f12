"""Chooses the words that a model learns from a column of texts, and describes the column."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import chain
from statistics import median
from typing import Any

import pandas as pd

from app.helpers.errors import InvalidDataset, quote
from app.helpers.features import MIN_LEVEL_ROWS, Feature
from app.helpers.words import words_of
from app.training.decisions import option
from app.utils.notes import note

MAX_WORDS = 5000
MAX_WORD_LENGTH = 64  # characters; longer ones are no words
_MAX_TYPICAL_WORDS = 12
_N_VARIED = 8
_SAMPLE = 100_000  # rows whose texts are measured


def choose_words(features: Sequence[Feature], frame: pd.DataFrame) -> tuple[Feature, ...]:
    """Return the features, each text with the words to learn: the most frequent ones.

    For privacy, a word must be in at least MIN_LEVEL_ROWS rows. A warning names the columns
    without such a word.

    Parameters
    ----------
    features : shape (n_features,)
    frame : DataFrame of shape (n_samples, n_features)
        The training set.

    Raises
    ------
    InvalidDataset
        If there are only texts, and none of them has such a word.
    """
    chosen = tuple(
        replace(feature, words=frequent_words(frame[feature.name]))
        if feature.type == "text"
        else feature
        for feature in features
    )
    wordless = [feature for feature in chosen if feature.type == "text" and not feature.words]
    if wordless and len(wordless) == len(chosen):
        raise InvalidDataset(
            f"There is nothing to learn from: no word of column {quote(wordless[0].name)} is in"
            f" {MIN_LEVEL_ROWS} rows of the training set."
        )
    for feature in wordless:
        note(
            f"Warning: No word of column {quote(feature.name)} is in {MIN_LEVEL_ROWS} rows of the"
            f" training set, so it tells the model nothing; {option('--drop', feature.name)} leaves"
            " it out."
        )
    return chosen


def has_frequent_word(texts: Iterable[str]) -> bool:
    """Whether any word is in MIN_LEVEL_ROWS of the texts; usually the first few texts show it."""
    counts: Counter[str] = Counter()
    for text in texts:
        counts.update(words := set(words_of(text)))
        if any(counts[word] >= MIN_LEVEL_ROWS and len(word) <= MAX_WORD_LENGTH for word in words):
            return True
    return False


def frequent_words(texts: "pd.Series[Any]") -> tuple[str, ...]:
    """Return the words that are in at least MIN_LEVEL_ROWS texts, the most frequent first."""
    counts = Counter(chain.from_iterable(set(words_of(text)) for text in texts))
    frequent = [
        (-n_rows, word)
        for word, n_rows in counts.items()
        if n_rows >= MIN_LEVEL_ROWS and len(word) <= MAX_WORD_LENGTH
    ]
    return tuple(word for _, word in sorted(frequent)[:MAX_WORDS])


def describe_texts(feature: Feature, texts: "pd.Series[Any]") -> Feature:
    """Return a text with its statistics, and a typical text that is made up from its words."""
    lengths = [len(words_of(text)) for text in texts[:_SAMPLE] if text]
    n_words = median(lengths) if lengths else 0
    length = min(max(round(n_words), 1), _MAX_TYPICAL_WORDS)
    return replace(
        feature,
        missing=float((texts == "").mean()),
        median_words=float(n_words),
        typical=" ".join(feature.words[:length]),
    )


def varied_texts(feature: Feature) -> list[str]:
    """Return made-up texts: of frequent and rare words, with repeated words, and an empty one."""
    texts = []
    for k in range(min(_N_VARIED, len(feature.words))):
        words = feature.words[k::_N_VARIED]
        step = max(1, len(words) // _MAX_TYPICAL_WORDS)
        texts.append(" ".join([*words[::step][:_MAX_TYPICAL_WORDS], *words[:1] * k]))
    return [text for text in texts if text != feature.typical] + [""]
