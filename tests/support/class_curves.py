"""Curves of a class whose probabilities say nothing."""

from collections.abc import Sequence

from app.store.curves import (
    CalibrationCurve,
    ClassCurves,
    Histogram,
    PrecisionRecallCurve,
    RocCurve,
)


def curves_of(
    n_rows: int, n_others: int, probability: Sequence[float], recall: Sequence[float] = (0.0, 1.0)
) -> ClassCurves:
    """Return curves of a class whose rows get some probabilities as often as the others do."""
    edges = tuple(k / 20 for k in range(21))
    places = [min(19, int(each * 20)) for each in probability]
    shares = [places.count(k) / len(places) for k in range(20)]
    precision = [1.0, *(n_rows / (n_rows + n_others) for _ in recall[1:])]
    return ClassCurves(
        roc_auc=0.5,
        roc=RocCurve((0.0, 1.0), (0.0, 1.0)),
        precision_recall=PrecisionRecallCurve(tuple(recall), tuple(precision)),
        calibration=CalibrationCurve(tuple(probability), tuple(probability)),
        histogram=Histogram(
            edges,
            tuple(round(n_rows * share) for share in shares),
            tuple(round(n_others * share) for share in shares),
        ),
    )
