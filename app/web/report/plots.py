"""A manifest's curves → the paths that an SVG template draws, and the numbers in its text."""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass

from app.store.curves import ClassCurves

WIDTH, HEIGHT = 360, 268  # of a plot, in the SVG's units
LEFT, RIGHT, TOP, BOTTOM = 56, 14, 12, 44  # the margins
DECISION = 0.5  # rows with at least this probability are predicted to be of the class


@dataclass(frozen=True)
class Tick:
    """A place on an axis, in the SVG's units, and its label."""

    place: float
    label: str


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
    roc, precision_recall, calibration, positive, negative : str
        SVG paths. The last two are the outlines of histograms: of the class's rows, and of the
        other rows.
    dots : tuple of (float, float)
        The bins of the calibration curve.
    shares : tuple of Tick
        The vertical axis of the histograms: shares of the class, and of the other rows.
    found : tuple of (float, float)
        Some false positive rates, each with the true positive rate there.
    precise : tuple of (float, float)
        Some recalls, each with the precision there.
    calibration_gap : float
        The difference between predicted and observed shares, averaged over the bins.
    decided, mistaken : float
        Which share of the class's rows, and of the other rows, gets at least DECISION.
    """

    label: str
    n_rows: int
    share: float
    roc_auc: float
    roc: str
    precision_recall: str
    calibration: str
    positive: str
    negative: str
    dots: tuple[tuple[float, float], ...]
    shares: tuple[Tick, ...]
    found: tuple[tuple[float, float], ...]
    precise: tuple[tuple[float, float], ...]
    calibration_gap: float
    decided: float
    mistaken: float


def x_place(x: float) -> float:
    """Return where 0 to 1 lies on the horizontal axis."""
    return round(LEFT + x * (WIDTH - LEFT - RIGHT), 1)


def y_place(y: float, top: float = 1.0) -> float:
    """Return where 0 to `top` lies on the vertical axis."""
    return round(HEIGHT - BOTTOM - y / top * (HEIGHT - TOP - BOTTOM), 1)


X_TICKS = tuple(Tick(x_place(k / 4), f"{k / 4:g}") for k in range(5))
Y_TICKS = tuple(Tick(y_place(k / 4), f"{k / 4:g}") for k in range(5))


def make_class_plots(label: str, curves: ClassCurves) -> ClassPlots:
    """Return the plots of one class of a manifest's curves."""
    roc = curves.roc.false_positive_rate, curves.roc.true_positive_rate
    precision_recall = curves.precision_recall.recall, curves.precision_recall.precision
    calibration = curves.calibration.predicted, curves.calibration.observed
    edges, positive = curves.histogram.edges, shares_of(curves.histogram.positive)
    negative = shares_of(curves.histogram.negative)
    top = round_up(max(*positive, *negative))
    gaps = [abs(x - y) for x, y in zip(*calibration, strict=True)]
    n_rows, n_others = sum(curves.histogram.positive), sum(curves.histogram.negative)
    return ClassPlots(
        label=label,
        n_rows=n_rows,
        share=n_rows / max(1, n_rows + n_others),
        roc_auc=curves.roc_auc,
        roc=_path(*roc),
        precision_recall=_path(*precision_recall),
        calibration=_path(*calibration),
        positive=outline(edges, positive, top),
        negative=outline(edges, negative, top),
        dots=tuple((x_place(x), y_place(y)) for x, y in zip(*calibration, strict=True)),
        shares=tuple(Tick(y_place(k / 4), f"{k / 4 * top * 100:g} %") for k in range(5)),
        found=tuple((x, _at(x, *roc)) for x in (0.05, 0.2)),
        precise=tuple((x, _at(x, *precision_recall)) for x in (0.5, 0.9)),
        calibration_gap=sum(gaps) / max(1, len(gaps)),
        decided=_above(edges, positive),
        mistaken=_above(edges, negative),
    )


def _path(xs: Sequence[float], ys: Sequence[float]) -> str:
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
    total = max(1, sum(counts))
    return [count / total for count in counts]


def _above(edges: Sequence[float], shares: Sequence[float]) -> float:
    return sum(share for left, share in zip(edges, shares, strict=False) if left >= DECISION - 1e-9)


def round_up(share: float) -> float:
    """Return the next higher of some shares that stay round when they are divided by four."""
    rounds = (0.04, 0.08, 0.12, 0.2, 0.4, 0.6, 0.8, 1.0)
    return rounds[min(bisect_left(rounds, share), len(rounds) - 1)]


def _at(x: float, xs: Sequence[float], ys: Sequence[float]) -> float:
    """Return y at x, on the line between the points around it; xs ascend."""
    right = min(bisect_left(xs, x), len(xs) - 1)
    left = max(right - 1, 0)
    width = xs[right] - xs[left]
    return ys[right] if width <= 0 else ys[left] + (ys[right] - ys[left]) * (x - xs[left]) / width
