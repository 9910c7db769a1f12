"""TF-IDF in plain Python, against scikit-learn's own."""

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.feature_extraction.text import TfidfVectorizer

from app.store.tfidf import MAX_WORDS, TfIdf, WordWeights

WORDS = ("cancel", "refund", "café", "straße", "東京", "2026", "can", "the")
TRAINING = ["cancel the café", "the refund 2026", "can straße 東京 the", "cancel cancel refund"]

some_texts = st.text() | st.lists(
    st.sampled_from([*WORDS, "CAFÉ", "STRASSE", "can't", "x", "_", "new", "\n", "İ", "cafe\u0301"])
).map(" ".join)


@given(st.lists(some_texts, min_size=1, max_size=5))
def test_the_numbers_are_those_of_scikit_learn(texts: Sequence[str]) -> None:
    """Of any text, in any alphabet, within 1e-12."""
    vectorizer = TfidfVectorizer(vocabulary=WORDS, sublinear_tf=True).fit(TRAINING)
    tfidf = TfIdf(WORDS, vectorizer.idf_.tolist())
    expected = vectorizer.transform(texts).toarray()
    for text, row in zip(texts, expected, strict=True):
        actual = np.zeros(len(WORDS))
        for place, number in tfidf.of_text(text):
            actual[place] = number
        assert actual == pytest.approx(row, abs=1e-12)


def test_a_missing_text_has_no_words() -> None:
    """It contributes what an empty one does."""
    tfidf, weights = TfIdf(["cancel"], [1.0]), WordWeights(["cancel"], [2.0], center=0.5)
    assert tfidf.of_text(None) == tfidf.of_text("") == tfidf.of_text("unknown words") == []
    assert weights[tfidf.of_text(None)] == -0.5
    assert weights[tfidf.of_text("Cancel!")] == 1.5


def test_the_strongest_words_are_named_first() -> None:
    """By their contribution's size, whatever its sign; ten at most, and none that adds nothing."""
    words = [f"word{k}" for k in range(20)]
    weights = WordWeights(words, [(-1.0) ** k * k for k in range(20)])
    strongest = weights.strongest(TfIdf(words, [1.0] * 20).of_text(" ".join(words)))
    assert list(strongest) == [f"word{k}" for k in range(19, 9, -1)]
    assert len(strongest) == MAX_WORDS
    assert strongest["word19"] < 0 < strongest["word18"]
    assert weights.strongest(TfIdf(words, [1.0] * 20).of_text("word0")) == {}
