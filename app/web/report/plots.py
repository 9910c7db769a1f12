"""A manifest's curves → the paths that an SVG template draws, and the numbers in its text."""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass

from app.store.curves import CalibrationCurve, ClassCurves, Histogram
from app.web.report.axes import Axis, Tick, make_share_axis, round_up, x_place, y_place

DECISION = 0.5  # rows with at least this probability are predicted to be of the class
_BEYOND = (0.05, 0.005)  # of a class's rows, and of the others, that a histogram may leave out
_MIN_FOUND = 20  # rows; the precision of fewer is chance
_MIN_FOUND_SHARE = 0.5  # of a class's rows, where that is fewer than _MIN_FOUND


@dataclass(frozen=True)
class Calibration:
    """How probabilities and observed shares agree.

    Attributes
    ----------
    x, y : Axis
    path, diagonal : str
    dots : tuple of (float, float)
        The bins.
    bars : tuple of (float, float, float)
        Of each bin where it lies on the horizontal axis, and the ends of its 95 % interval on the
        other; empty in older files.
    gap : float
        The difference between predicted and observed shares, averaged over the rows; in older files
        over the bins.
    n_rows : int
        How many rows a bin has, on average; 0 in older files.
    """

    x: Axis
    y: Axis
    path: str
    diagonal: str
    dots: tuple[tuple[float, float], ...]
    bars: tuple[tuple[float, float, float], ...]
    gap: float
    n_rows: int


@dataclass(frozen=True)
class PrecisionRecall:
    """How much of what is found is right.

    Attributes
    ----------
    y : Axis
        Of the precision.
    path : str
        From `first_rows` found rows on.
    guessing : float
        The height of the precision of random guessing.
    first_rows : int
    precise : tuple of (float, float)
        Some recalls, each with the precision there.
    """

    y: Axis
    path: str
    guessing: float
    first_rows: int
    precise: tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class Histograms:
    """How the probabilities of the class's rows, and of the other rows, are distributed.

    Attributes
    ----------
    x : Axis
    shares : tuple of Tick
        The vertical axis: shares of the class, and of the other rows.
    positive, negative : str
        Outlines.
    decided, mistaken : float
        Which share of the class's rows, and of the other rows, gets at least DECISION.
    beyond : (float, float)
        Which share of the class's rows, and of the other rows, lies beyond the axis.
    """

    x: Axis
    shares: tuple[Tick, ...]
    positive: str
    negative: str
    decided: float
    mistaken: float
    beyond: tuple[float, float]


@dataclass(frozen=True)
class ClassPlots:
    """One class against the rest on the validation set.

    Attributes
    ----------
    label : str
    n_rows, share : int, float
        How many rows are of the class, and which share of all rows, 0 to 1, that is.
    roc_auc : float
        The exact area under the ROC curve.
    roc : str
        An SVG path.
    found : tuple of (float, float)
        Some false positive rates, each with the true positive rate there.
    precision_recall : PrecisionRecall
    calibration : Calibration
    histograms : Histograms
    """

    label: str
    n_rows: int
    share: float
    roc_auc: float
    roc: str
    found: tuple[tuple[float, float], ...]
    precision_recall: PrecisionRecall
    calibration: Calibration
    histograms: Histograms


def make_class_plots(label: str, curves: ClassCurves) -> ClassPlots:
    """Return the plots of one class of a manifest's curves."""
    roc = curves.roc.false_positive_rate, curves.roc.true_positive_rate
    n_rows, n_others = sum(curves.histogram.positive), sum(curves.histogram.negative)
    share = n_rows / max(1, n_rows + n_others)
    return ClassPlots(
        label=label,
        n_rows=n_rows,
        share=share,
        roc_auc=curves.roc_auc,
        roc=path(*roc),
        found=tuple((x, _at(x, *roc)) for x in (0.05, 0.2)),
        precision_recall=_precision_recall(
            curves.precision_recall.recall, curves.precision_recall.precision, n_rows, share
        ),
        calibration=_calibration(curves.calibration),
        histograms=_histograms(curves.histogram),
    )


def _precision_recall(
    recall: Sequence[float], precision: Sequence[float], n_rows: int, share: float
) -> PrecisionRecall:
    """Return the curve without its left end, where a row or two make it jump from 0 to 1."""
    first_rows = max(1, min(_MIN_FOUND, round(_MIN_FOUND_SHARE * n_rows)))
    found = [
        (x, y) for x, y in zip(recall, precision, strict=True) if y and x * n_rows >= y * first_rows
    ]
    y_axis = make_share_axis(max((y for _, y in found), default=1.0), y_place)
    return PrecisionRecall(
        y=y_axis,
        path=path([x for x, _ in found], [y_axis.share(y) for _, y in found]),
        guessing=y_place(y_axis.share(min(share, y_axis.high))),
        first_rows=first_rows,
        precise=tuple((x, _at(x, recall, precision)) for x in (0.5, 0.9)),
    )


def _calibration(curve: CalibrationCurve) -> Calibration:
    x_axis = make_share_axis(max(curve.predicted), x_place)
    y_axis = make_share_axis(max((*curve.observed, *curve.high)), y_place)
    end = min(x_axis.high, y_axis.high)
    xs, ys = map(x_axis.share, curve.predicted), map(y_axis.share, curve.observed)
    places = list(zip(xs, ys, strict=True))
    gaps = [abs(x - y) for x, y in zip(curve.predicted, curve.observed, strict=True)]
    return Calibration(
        x=x_axis,
        y=y_axis,
        path=path([x for x, _ in places], [y for _, y in places]),
        diagonal=path([0.0, x_axis.share(end)], [0.0, y_axis.share(end)]),
        dots=tuple((x_place(x), y_place(y)) for x, y in places),
        bars=tuple(
            (x_place(x), y_place(y_axis.share(low)), y_place(y_axis.share(high)))
            for (x, _), low, high in zip(places, curve.low, curve.high, strict=False)
        ),
        gap=sum(gaps) / max(1, len(gaps)) if curve.error is None else curve.error,
        n_rows=round(sum(curve.count) / max(1, len(curve.count))),
    )


def _histograms(histogram: Histogram) -> Histograms:
    edges = histogram.edges
    positive, negative = shares_of(histogram.positive), shares_of(histogram.negative)
    top = round_up(max(*positive, *negative))
    axis = make_share_axis(_end_of_most(histogram), x_place)
    n_shown = bisect_left(edges, axis.high - 1e-9)
    places = [min(1.0, axis.share(edge)) for edge in edges[: n_shown + 1]]
    return Histograms(
        x=axis,
        shares=tuple(Tick(y_place(k / 4), f"{k / 4 * top * 100:g} %") for k in range(5)),
        positive=outline(places, positive[:n_shown], top),
        negative=outline(places, negative[:n_shown], top),
        decided=_above(edges, positive),
        mistaken=_above(edges, negative),
        beyond=(sum(positive[n_shown:]), sum(negative[n_shown:])),
    )


def _end_of_most(histogram: Histogram) -> float:
    """Return up to where almost all rows lie: a few far away would squeeze all others."""
    both = list(zip(histogram.positive, histogram.negative, strict=True))
    most = [share * sum(rows) for share, rows in zip(_BEYOND, zip(*both, strict=True), strict=True)]
    n_beyond = [0, 0]
    for edge, counts in zip(reversed(histogram.edges[1:]), reversed(both), strict=True):
        n_beyond = [n + n_more for n, n_more in zip(n_beyond, counts, strict=True)]
        if any(n > limit for n, limit in zip(n_beyond, most, strict=True)):
            return edge
    return 1.0


def path(xs: Sequence[float], ys: Sequence[float]) -> str:
    """Return the path through points, given by where they lie on the axes, 0 to 1."""
    return "M" + "L".join(f"{x_place(x):g},{y_place(y):g}" for x, y in zip(xs, ys, strict=True))


def outline(edges: Sequence[float], heights: Sequence[float], top: float) -> str:
    """Return the outline of a histogram, closed along the axis."""
    floor = f"{y_place(0):g}"
    steps = "".join(
        f"V{y_place(height, top):g}H{x_place(right):g}"
        for right, height in zip(edges[1:], heights, strict=True)
    )
    return f"M{x_place(edges[0]):g},{floor}{steps}V{floor}Z"


def shares_of(counts: Sequence[int]) -> list[float]:
    """Return counts as shares of their sum."""
    total = max(1, sum(counts))
    return [count / total for count in counts]


def _above(edges: Sequence[float], shares: Sequence[float]) -> float:
    return sum(share for left, share in zip(edges, shares, strict=False) if left >= DECISION - 1e-9)


def _at(x: float, xs: Sequence[float], ys: Sequence[float]) -> float:
    """Return y at x, on the line between the points around it; xs ascend."""
    right = min(bisect_left(xs, x), len(xs) - 1)
    left = max(right - 1, 0)
    width = xs[right] - xs[left]
    return ys[right] if width <= 0 else ys[left] + (ys[right] - ys[left]) * (x - xs[left]) / width
