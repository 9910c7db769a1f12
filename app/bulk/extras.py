"""What the output has besides ids and predictions: labels, intervals and explanations."""

import functools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import click
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from app.helpers.errors import InvalidDataset, quote
from app.helpers.features import Value
from app.helpers.predictions import MIN_INTERVAL_ROWS
from app.store.manifest import Manifest

if TYPE_CHECKING:
    from app.store.trained_model import TrainedModel


@dataclass(frozen=True)
class Extras:
    """What is asked for besides predictions, as the query of the API asks for it.

    Attributes
    ----------
    label : bool
        The class that the model would choose.
    threshold : float or None
        Of two classes, the probability from which on that is the positive one; it asks for the
        label, too. None for the version's own.
    interval : bool
        Where the true number of a regression lies in 90 % of cases.
    explain : bool
        What each feature contributed.
    """

    label: bool = False
    threshold: float | None = None
    interval: bool = False
    explain: bool = False

    @property
    def has_label(self) -> bool:
        """Whether the output has labels."""
        return self.label or self.threshold is not None

    def check(self, manifest: Manifest) -> None:
        """Raise InvalidDataset if a version does not have what is asked for."""
        if self.threshold is not None and not 0.0 <= self.threshold <= 1.0:  # nor NaN
            raise InvalidDataset("--threshold must be a number between 0 and 1.")
        if manifest.task == "regression":
            if self.has_label:
                option = "--label" if self.label else "--threshold"
                raise InvalidDataset(f"{option} is for classifications only.")
            if self.interval and (manifest.numbers is None or manifest.numbers.interval is None):
                raise InvalidDataset(
                    f"Trained model version {quote(manifest.version)} has no intervals: they need a"
                    f" validation set of at least {MIN_INTERVAL_ROWS} rows."
                )
        elif self.interval:
            raise InvalidDataset("--interval is for regressions only.")
        elif self.threshold is not None and manifest.positive_class is None:
            raise InvalidDataset("--threshold is for two classes only.")

    def names(self, manifest: Manifest) -> Iterator[str]:
        """Yield the names of the columns.

        Explanations are called what `pandas.json_normalize` makes of the API's answers.
        """
        if self.has_label:
            yield "label"
        if self.interval:
            yield from ("low", "high")
        if self.explain:
            is_one = manifest.has_one_output
            for prefix in [""] if is_one else [f"{label}." for label in manifest.classes]:
                yield f"explanation.{prefix}baseline"
                for feature in manifest.features:
                    yield f"explanation.{prefix}contributions.{feature.name}"

    def columns(
        self,
        model: "TrainedModel",
        columns: Sequence[Sequence[Value]],
        rounded: NDArray[np.float64],
    ) -> Iterator[Any]:
        """Yield the columns, each of shape (n_rows,).

        Parameters
        ----------
        columns : shape (n_columns, n_rows)
            Of valid rows.
        rounded : shape (n_outputs, n_rows)
            Their predictions.
        """
        n_rows = rounded.shape[1]
        if self.has_label:
            yield _labels(model.manifest, rounded, self.threshold)
        if self.interval:
            yield from model.interval_ends(columns)
        if self.explain:
            for baseline, contributions in model.explain_columns(columns):
                yield np.full(n_rows, baseline)
                yield from contributions


NOTHING = Extras()


def _labels(manifest: Manifest, rounded: NDArray[np.float64], threshold: float | None) -> pa.Array:
    """Return what `choose_label` chooses for each row."""
    if (positive := manifest.positive_index) is None:
        places = rounded.argmax(axis=0)
    else:
        least = manifest.threshold if threshold is None else threshold
        places = np.where(rounded[0] >= least, positive, 1 - positive)
    return pa.array(manifest.classes, pa.string()).take(pa.array(places))


_OPTIONS = (
    click.option("--label", is_flag=True, help="Write the class that the model would choose, too."),
    click.option(
        "--threshold",
        type=float,
        metavar="NUMBER",
        help="Of two classes, the probability from which on the label is the positive one"
        " (default: the version's own); it adds the label, too.",
    ),
    click.option(
        "--interval",
        is_flag=True,
        help="Write where the true number lies in 90 % of cases, too; only of a regression.",
    ),
    click.option("--explain", is_flag=True, help="Write what each feature contributed, too."),
)


def extra_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command these options; it gets them as one argument, `extras`."""

    @functools.wraps(command)
    def with_extras(**arguments: Any) -> None:
        extras = Extras(**{field.name: arguments.pop(field.name) for field in fields(Extras)})
        command(extras=extras, **arguments)

    for option in reversed(_OPTIONS):
        with_extras = option(with_extras)
    return with_extras
