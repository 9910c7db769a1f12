"""Where to draw the line between two classes: what happens at a threshold, and who is found first.

`app/web/static/thresholds.js` computes the same texts for the threshold that somebody picks in the
browser; a test runs both.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.store.curves import OperatingPoints
from app.store.intervals import f1_of, wilson
from app.web.report.axes import BOTTOM, HEIGHT, LEFT, RIGHT, TOP, WIDTH, x_place, y_place
from app.web.report.plots import ClassPlots, path
from app.web.report.typeset import decimals, grouped, percent, plain


@dataclass(frozen=True)
class Tenth:
    """A tenth of the validation set, by falling probability.

    Attributes
    ----------
    n_rows, n_found : int
        All of its rows, and those of the class.
    share : float
        Of its rows, how many are of the class.
    lift : float
        How many times as many that is as in the whole validation set.
    found : float
        Of the class's rows, how many are in this tenth or in one before it.
    """

    n_rows: int
    n_found: int
    share: float
    lift: float
    found: float


@dataclass(frozen=True)
class Mark:
    """Where the threshold lies on a plot; outside the frame it is not shown."""

    x: float
    y: float
    is_shown: bool


@dataclass(frozen=True)
class Decision:
    """The version's threshold, and others to choose from.

    Attributes
    ----------
    texts : mapping of str to str
        What the page says of the threshold, by a name that thresholds.js has, too.
    shades : mapping of str to int
        How dark each cell of the confusion matrix is, 0 to 10.
    marks : mapping of str to Mark
        By plot.
    gain : str
        An SVG path: of the class's rows, how many are found, over how many of all rows are flagged.
    first_tenth : float
        Which share of the class's rows is in the tenth with the highest probabilities.
    tenths : tuple of Tenth
    facts : mapping of str to Any
        What the browser needs.
    """

    texts: Mapping[str, str]
    shades: Mapping[str, int]
    marks: Mapping[str, Mark]
    gain: str
    first_tenth: float
    tenths: tuple[Tenth, ...]
    facts: Mapping[str, Any]


def make_decision(points: OperatingPoints, threshold: float, plots: ClassPlots) -> Decision:
    """Return what there is to decide about a model of two classes.

    Parameters
    ----------
    points : OperatingPoints
    threshold : float
        The version's.
    plots : ClassPlots
        Of the same class, for their axes.
    """
    chosen = _place_of(threshold, points)
    n_rows = points.positives + points.negatives
    shown = zip(points.true_positives, points.false_positives, strict=True)
    gain = [
        ((found + alarmed) / n_rows, found / max(1, points.positives)) for found, alarmed in shown
    ]
    tenths = _tenths(points)
    highs = {"precision": plots.precision_recall.y.high, "probability": plots.histograms.x.high}
    return Decision(
        texts=make_texts(points, chosen),
        shades=_shades(points, chosen),
        marks=_marks(points, chosen, highs),
        gain=path([x for x, _ in gain], [y for _, y in gain]),
        first_tenth=tenths[0].found,
        tenths=tenths,
        facts={
            "threshold": points.threshold,
            "found": points.true_positives,
            "alarmed": points.false_positives,
            "positives": points.positives,
            "negatives": points.negatives,
            "chosen": chosen,
            "highs": highs,
            "frame": {"left": LEFT, "right": WIDTH - RIGHT, "top": TOP, "floor": HEIGHT - BOTTOM},
        },
    )


def _place_of(threshold: float, points: OperatingPoints) -> int:
    """Return the place of the lowest point that is not below a threshold; points fall."""
    at_least = [k for k, each in enumerate(points.threshold) if each >= threshold]
    return at_least[-1] if at_least else 0


def make_texts(points: OperatingPoints, place: int) -> dict[str, str]:
    """Return what is said of one of the points."""
    found, alarmed = points.true_positives[place], points.false_positives[place]
    missed, spared = points.positives - found, points.negatives - alarmed
    n_flagged, n_rows = found + alarmed, points.positives + points.negatives
    rates = {
        "precision": (found, n_flagged),
        "recall": (found, points.positives),
        "specificity": (spared, points.negatives),
        "flagged": (n_flagged, n_rows),
        "missed_share": (missed, points.positives),
        "alarmed_share": (alarmed, points.negatives),
    }
    texts = {"threshold": plain(points.threshold[place])}
    counts = {"found": found, "alarmed": alarmed, "missed": missed, "spared": spared}
    for name, number in {**counts, "n_flagged": n_flagged}.items():
        texts[name] = grouped(number)
    for name, (part, whole) in rates.items():
        texts[name] = percent(part / whole) if whole else "–"
        ends = wilson(part, whole)
        texts[f"{name}_interval"] = f"{percent(ends.low)} to {percent(ends.high)}" if ends else "–"
    n_either = found + missed + alarmed
    ends = wilson(found, n_either)
    texts["f1"] = decimals(f1_of(found / n_either), 3) if n_either else "–"
    texts["f1_interval"] = (
        f"{decimals(f1_of(ends.low), 3)} to {decimals(f1_of(ends.high), 3)}" if ends else "–"
    )
    return texts


def _shades(points: OperatingPoints, place: int) -> dict[str, int]:
    recall = points.true_positives[place] / max(1, points.positives)
    alarms = points.false_positives[place] / max(1, points.negatives)
    shares = {"found": recall, "missed": 1 - recall, "alarmed": alarms, "spared": 1 - alarms}
    return {name: math.floor(10 * share + 0.5) for name, share in shares.items()}


def _marks(points: OperatingPoints, place: int, highs: Mapping[str, float]) -> dict[str, Mark]:
    found, alarmed = points.true_positives[place], points.false_positives[place]
    n_flagged = found + alarmed
    recall = found / max(1, points.positives)
    precision = found / n_flagged / highs["precision"] if n_flagged else math.inf
    threshold = points.threshold[place] / highs["probability"]
    return {
        "roc": _mark(alarmed / max(1, points.negatives), recall),
        "precision_recall": _mark(recall, precision),
        "gain": _mark(n_flagged / (points.positives + points.negatives), recall),
        "probabilities": _mark(threshold, 1.0),
    }


def _mark(x: float, y: float) -> Mark:
    return Mark(x_place(min(x, 1.0)), y_place(min(y, 1.0)), is_shown=max(x, y) <= 1.0)


def _tenths(points: OperatingPoints) -> tuple[Tenth, ...]:
    base = points.positives / max(1, points.positives + points.negatives)
    tenths, n_before = [], 0
    for n_rows, n_found in zip(points.deciles.rows, points.deciles.positives, strict=True):
        n_before += n_found
        share = n_found / max(1, n_rows)
        lift = share / base if base else 0.0
        tenths.append(Tenth(n_rows, n_found, share, lift, n_before / max(1, points.positives)))
    return tuple(tenths)
