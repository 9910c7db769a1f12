"""Plots of what a model that is not linear predicts at each value of its important features."""

from collections.abc import Sequence
from dataclasses import dataclass

from app.helpers.dates import TO_NUMBER, TO_TEXT, DateType
from app.helpers.features import Feature, Value
from app.store.manifest import Manifest
from app.store.reliance import Dependence
from app.web.report.axes import Axis, Tick, make_axis, x_place, y_place

_DATE_TICKS = (0.1, 0.5, 0.9)  # where dates stand along an axis
_LENGTH_OF_DATE = 10  # characters; the time of a datetime has no room there


@dataclass(frozen=True)
class LevelMean:
    """The mean prediction if all rows had this level, and its share of the axis, 0 to 1."""

    name: str
    mean: float
    share: float


@dataclass(frozen=True)
class DependencePlot:
    """What is predicted on average at each value of a feature.

    Attributes
    ----------
    feature : str
    path : str
        The curve of a number or a date; empty for others.
    dots : tuple of (float, float)
        Its points.
    x, y : tuple of Tick
        Beside its axes. All plots of a class have the same y.
    levels : tuple of LevelMean
        Of a category or boolean.
    lowest, highest : float
        Of all means.
    """

    feature: str
    path: str
    dots: tuple[tuple[float, float], ...]
    x: tuple[Tick, ...]
    y: tuple[Tick, ...]
    levels: tuple[LevelMean, ...]
    lowest: float
    highest: float


def make_dependence_plots(manifest: Manifest) -> dict[str, list[DependencePlot]]:
    """Return the plots of each class, the most important feature first; empty if there are none.

    With two classes only those of the positive one; in a regression those of the target.
    """
    if manifest.reliance is None or not (found := manifest.reliance.dependences):
        return {}
    names = manifest.classes
    if manifest.positive_class is not None or manifest.task == "regression":
        names = (manifest.positive_class or manifest.target,)
    features = {feature.name: feature for feature in manifest.features}
    plots = {}
    for k, name in enumerate(names):
        axis = make_axis([mean for each in found for mean in each.outputs[k]], y_place)
        plots[name] = [_plot(each, each.outputs[k], features[each.feature], axis) for each in found]
    return plots


def _plot(
    dependence: Dependence, means: Sequence[float], feature: Feature, axis: Axis
) -> DependencePlot:
    dots: tuple[tuple[float, float], ...] = ()
    x: tuple[Tick, ...] = ()
    levels: tuple[LevelMean, ...] = ()
    if feature.type in ("category", "boolean"):
        levels = tuple(
            LevelMean(_name(value), mean, axis.share(mean))
            for value, mean in zip(dependence.values, means, strict=True)
        )
    else:
        numbers = _numbers(dependence.values, feature.date_type)
        x_axis = _axis(numbers, feature.date_type)
        x = x_axis.ticks
        dots = tuple(
            (x_place(x_axis.share(number)), y_place(axis.share(mean)))
            for number, mean in zip(numbers, means, strict=True)
        )
    return DependencePlot(
        feature=feature.name,
        path="M" + "L".join(f"{right:g},{up:g}" for right, up in dots) if dots else "",
        dots=dots,
        x=x,
        y=axis.ticks,
        levels=levels,
        lowest=min(means),
        highest=max(means),
    )


def _numbers(values: Sequence[Value], date_type: DateType | None) -> list[float]:
    to_number = TO_NUMBER[date_type] if date_type else float
    return [float(to_number(value)) for value in values]  # type: ignore[arg-type]  # none is missing


def _axis(numbers: Sequence[float], date_type: DateType | None) -> Axis:
    if date_type is None:
        return make_axis(numbers, x_place)
    low, high = min(numbers), max(numbers)
    dates = ((share, TO_TEXT[date_type](low + share * (high - low))) for share in _DATE_TICKS)
    ticks = tuple(Tick(x_place(share), text[:_LENGTH_OF_DATE]) for share, text in dates)
    return Axis(low, high, ticks)


def _name(value: Value) -> str:
    if value is None:
        return "missing"
    return str(value).lower() if isinstance(value, bool) else str(value)
