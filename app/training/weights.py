"""The weights of a linear model, for the manifest."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import orjson
import pandas as pd

from app.helpers.features import Feature
from app.store.linear_fold import fold
from app.store.linear_weights import LinearWeights, TextWeights, to_weights
from app.store.manifest import Manifest
from app.store.model_file import MAX_MANIFEST_SIZE
from app.store.tfidf import TfIdf, WordWeights
from app.utils.notes import note

MAX_WEIGHTS = 500_000
_SAMPLE = 50_000  # texts whose contributions are averaged
_ROOM = 1024  # bytes for what is not known before the pickle is written: its size and digest


def with_weights(manifest: Manifest, estimator: Any, X: pd.DataFrame) -> Manifest:
    """Return the manifest with the weights of a fitted estimator, if it is linear.

    With too many of them a note says that the model is served from its pickle.

    Parameters
    ----------
    manifest : Manifest
    estimator : classifier or regressor
    X : DataFrame of shape (n_samples, n_features)
        What it was fitted on, in random order.
    """
    scorer = fold(estimator, manifest.columns, manifest.classes, manifest.positive_index)
    if scorer is None:
        return manifest
    weights = _with_means(to_weights(scorer, manifest.columns), manifest.columns, X)
    weighted = replace(manifest, weights=weights)
    if (count := weights.count()) > MAX_WEIGHTS:
        reason = f"more than {MAX_WEIGHTS:,}"
    elif len(orjson.dumps(weighted.to_json())) > MAX_MANIFEST_SIZE - _ROOM:
        reason = "too much for the manifest"
    else:
        return weighted
    note(
        f"Note: The model has {count:,} weights, {reason}: servers will unpickle it, which takes"
        " more memory and a second more when it is loaded."
    )
    return manifest


def _with_means(
    weights: LinearWeights, features: Sequence[Feature], X: pd.DataFrame
) -> LinearWeights:
    """Return the weights with what texts contribute relative to the mean of the training set."""
    baselines = np.array(weights.baselines)
    texts = {}
    for feature in features:
        if feature.type != "text":
            continue
        text_weights = weights.texts[feature.name]
        numbers = list(
            map(TfIdf(feature.words, text_weights.idf).of_text, X[feature.name][:_SAMPLE])
        )
        of_scores = [WordWeights(feature.words, each) for each in text_weights.weights]
        contributions = np.array([[each[text] for text in numbers] for each in of_scores])
        means, deviations = contributions.mean(axis=1), contributions.std(axis=1)
        baselines += means
        texts[feature.name] = TextWeights(
            text_weights.idf,
            text_weights.weights,
            tuple(means.tolist()),
            tuple(deviations.tolist()),
        )
    return replace(weights, baselines=tuple(baselines.tolist()), texts=texts) if texts else weights
