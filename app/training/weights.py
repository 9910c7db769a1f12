"""The weights of a linear model, for the manifest."""

from dataclasses import replace
from typing import Any

import orjson

from app.store.linear_fold import fold
from app.store.linear_weights import to_weights
from app.store.manifest import Manifest
from app.store.model_file import MAX_MANIFEST_SIZE
from app.utils.notes import note

MAX_WEIGHTS = 500_000
_ROOM = 1024  # bytes for what is not known before the pickle is written: its size and digest


def with_weights(manifest: Manifest, estimator: Any) -> Manifest:
    """Return the manifest with the weights of a fitted estimator, if it is linear.

    With too many of them a note says that the model is served from its pickle.
    """
    scorer = fold(estimator, manifest.features, manifest.positive_index)
    if scorer is None:
        return manifest
    weights = to_weights(scorer, manifest.features)
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
