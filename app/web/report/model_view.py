"""What the pages show of a model: the same for every request, so made once per model."""

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from app.helpers.predictions import Prediction
from app.store.curves import Curves, RegressionCurves
from app.store.doubts import find_doubts
from app.store.manifest import Manifest
from app.store.training_data import TrainingData
from app.web.report.decision import Decision, make_decision
from app.web.report.dependences import DependencePlot, make_dependence_plots
from app.web.report.effects import Effect, make_effects
from app.web.report.number_plots import NumberPlots, make_number_plots
from app.web.report.plots import ClassPlots, make_class_plots
from app.web.report.typeset import round_for

if TYPE_CHECKING:
    from app.store.trained_model import TrainedModel

MAX_CONFUSIONS = 20  # listed if the matrix is too large to show
LABELS = {"classifier": "estimator", "target": "predicted column", "id": "column of ids"}

_views: "WeakKeyDictionary[TrainedModel, ModelView]" = WeakKeyDictionary()


@dataclass(frozen=True)
class Confusion:
    """How many rows of one class were taken for another: that one got the highest probability."""

    n_rows: int
    label: str
    taken_for: str


@dataclass(frozen=True)
class ClassShare:
    """How frequent a class is.

    Attributes
    ----------
    label : str
    share, held_out : float
        In all rows, and in those held out, 0 to 1.
    start : float
        The sum of the shares of the classes before it.
    validation_rows : int
    """

    label: str
    share: float
    held_out: float
    start: float
    validation_rows: int


@dataclass(frozen=True)
class ModelView:
    """What is shown of a model.

    Attributes
    ----------
    plots : list of ClassPlots
        Of the positive class, or of each class, the most frequent first.
    shares : list of ClassShare
        The most frequent first; empty in a regression, and in older files.
    doubts : list of str
        Reasons to doubt that the model is good.
    effects : dict of str to list of Effect
        As `make_effects` returns them.
    dependences : dict of str to list of DependencePlot
        As `make_dependence_plots` returns them.
    decision : Decision or None
        Of two classes; None in older files.
    number_plots : NumberPlots or None
        Of a regression.
    confusions : list of Confusion
        The most frequent ones.
    parameters : dict of str to Any
        How the model was trained: label → value, without options that are empty.
    row : dict of str to Value
        The typical row with an id, its numbers as people would write them.
    prediction : Prediction
        Of that row.
    """

    plots: list[ClassPlots]
    shares: list[ClassShare]
    doubts: list[str]
    effects: dict[str, list[Effect]]
    dependences: dict[str, list[DependencePlot]]
    decision: Decision | None
    number_plots: NumberPlots | None
    confusions: list[Confusion]
    parameters: dict[str, Any]
    row: dict[str, Any]
    prediction: Prediction


def view(model: "TrainedModel") -> ModelView:
    """Return what is shown of a model."""
    if (made := _views.get(model)) is None:
        _views[model] = made = _make(model)
    return made


def is_comparable(manifest: Manifest, other: Manifest) -> bool:
    """Whether two versions predict the same, so that their metrics can be compared."""
    return (manifest.task, manifest.target, manifest.classes, manifest.positive_class) == (
        other.task,
        other.target,
        other.classes,
        other.positive_class,
    )


def _make(model: "TrainedModel") -> ModelView:
    manifest = model.manifest
    classes = manifest.curves.classes if isinstance(manifest.curves, Curves) else {}
    plots = [make_class_plots(label, classes[label]) for label in model.classes if label in classes]
    plots.sort(key=lambda of_class: -of_class.n_rows)
    typical = {feature.name: round_for(feature, feature.typical) for feature in manifest.features}
    row = {"id": "1", **typical}
    return ModelView(
        plots=plots,
        shares=_shares(manifest.training_data),
        doubts=list(
            find_doubts(
                manifest, manifest.training_data.classes, manifest.training_data.validation_rows
            )
        ),
        effects=make_effects(model),
        dependences=make_dependence_plots(manifest),
        decision=_decision(manifest, plots),
        number_plots=_number_plots(manifest),
        confusions=_confusions(manifest),
        parameters=_parameters(manifest),
        row=row,
        prediction=model.predict(row),
    )


def _shares(data: TrainingData) -> list[ClassShare]:
    shares, start = [], 0.0
    for each in sorted(data.classes, key=lambda each: -each.rows):
        share, held_out = each.rows / data.rows, each.validation_rows / data.validation_rows
        shares.append(ClassShare(each.label, share, held_out, start, each.validation_rows))
        start += share
    return shares


def _decision(manifest: Manifest, plots: list[ClassPlots]) -> Decision | None:
    if manifest.positive_class is None or not isinstance(manifest.curves, Curves) or not plots:
        return None
    points = manifest.curves.classes[manifest.positive_class].points
    return make_decision(points, manifest.threshold, plots[0]) if points else None


def _number_plots(manifest: Manifest) -> NumberPlots | None:
    if not manifest.is_measured:
        return None
    if manifest.numbers is None or not isinstance(manifest.curves, RegressionCurves):
        return None
    return make_number_plots(manifest.curves, manifest.numbers)


def _confusions(manifest: Manifest) -> list[Confusion]:
    if not isinstance(manifest.curves, Curves):
        return []
    mistakes = [
        Confusion(count, manifest.classes[true], manifest.classes[taken])
        for true, counts in enumerate(manifest.curves.confusion)
        for taken, count in enumerate(counts)
        if count and true != taken
    ]
    mistakes.sort(key=lambda mistake: -mistake.n_rows)
    return mistakes[:MAX_CONFUSIONS]


def _parameters(manifest: Manifest) -> dict[str, Any]:
    parameters = asdict(manifest.parameters)
    parameters |= parameters.pop("regularization") | parameters.pop("columns")
    if manifest.estimator:  # it says more
        del parameters["classifier"], parameters["C"]
    return {
        LABELS.get(name, name.replace("_", " ")): value
        for name, value in parameters.items()
        if value not in (None, (), "")
    }
