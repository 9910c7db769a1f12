"""Probabilities → the prediction that is shown: the same in the API, files, pages and documents."""

from collections.abc import Sequence

STEPS = 10_000
"""A rounded probability is a whole number divided by this."""

Prediction = float | dict[str, float]
"""The positive class's probability or, with three or more classes, class → probability."""


def make_prediction(probabilities: Sequence[float], classes: Sequence[str]) -> Prediction:
    """Return the prediction for one row.

    Parameters
    ----------
    probabilities : shape (n_outputs,)
        With two classes the positive one's alone.
    classes : shape (n_classes,)
    """
    if len(probabilities) == 1:
        return _round(probabilities[0])
    return dict(zip(classes, map(_round, probabilities), strict=True))


def _round(probability: float) -> float:
    # A tie goes to the even one, as with np.rint; round(p, 4) and np.round(p, 4) do not agree.
    return round(probability * STEPS) / STEPS
