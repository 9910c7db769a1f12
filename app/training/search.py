"""--search: chooses the regularization by cross-validation, on local cores or on a cluster."""

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import joblib
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import is_regressor
from sklearn.model_selection import GridSearchCV

from app.helpers.errors import ApplicationError
from app.store.parameters import Regularization, SearchResult, Trial
from app.training.folds import make_folds
from app.utils.notes import note
from app.utils.parallel import cluster

STRENGTHS = (0.001, 0.01, 0.1, 1.0, 10.0, 100.0)  # of C
L1_RATIOS = (0.0, 1.0)
MAX_FOLDS = 5


class NotSearchable(ApplicationError):
    """The model has no parameter to search, or the rows cannot be cross-validated."""


@dataclass(frozen=True)
class Search:
    """Where to search.

    Attributes
    ----------
    workers : int
        Number of threads; each uses one core.
    scheduler : str or None
        The address of a Dask cluster to use instead.
    """

    workers: int = 1
    scheduler: str | None = None

    def run(
        self,
        estimator: Any,
        X: pd.DataFrame,
        y: NDArray[Any],
        seed: int,
        groups: NDArray[np.intp] | None = None,
    ) -> SearchResult:
        """Set an unfitted estimator's parameters to those with the lowest loss.

        That is the log loss of a classifier, and the mean squared error of a regressor.

        Parameters
        ----------
        estimator : classifier or regressor
            It has exactly one parameter `C`, in any of its steps, and maybe an `l1_ratio`; a
            regressor exactly one `alpha`, which is 1 / C.
        X : DataFrame of shape (n_samples, n_features)
        y : array of shape (n_samples,)
        seed : int
        groups : array of int, shape (n_samples,), optional
            Rows of one group stay in one fold.

        Returns
        -------
        SearchResult
            Of the cross-validation; its trials are sorted, the best first.

        Raises
        ------
        NotSearchable
            If there is no such parameter, or there are too few groups.
        UnusableCluster
            If the cluster cannot be reached, or fails during the search.
        """
        is_regression = is_regressor(estimator)
        prefix = _find_prefix(estimator, "alpha" if is_regression else "C")
        if f"{prefix}random_state" in estimator.get_params():  # the same data gives the same choice
            estimator.set_params(**{f"{prefix}random_state": seed})
        n_folds = MAX_FOLDS
        if not is_regression:
            n_folds = min(MAX_FOLDS, int(np.unique(y, return_counts=True)[1].min()))
        folds = make_folds(y, n_folds, seed, groups, is_regression=is_regression)
        if not folds:
            raise NotSearchable(
                "There are too few groups for --search to cross-validate; train it without."
            )
        grid = GridSearchCV(
            estimator,
            _make_grid(prefix, estimator.get_params(), is_regression),
            scoring="neg_mean_squared_error" if is_regression else "neg_log_loss",
            cv=folds,
            n_jobs=self.workers,
            refit=False,
        )
        with ExitStack() as stack:
            if self.scheduler is not None:
                client = stack.enter_context(cluster(self.scheduler))
                grid.n_jobs = -1
                stack.enter_context(joblib.parallel_config("dask", client=client))
            else:
                # The solvers release the GIL, and processes would take seconds to start.
                stack.enter_context(joblib.parallel_config("threading"))
            grid.fit(X, y)
        estimator.set_params(**grid.best_params_)
        results = grid.cv_results_
        trials = []
        for i, parameters in enumerate(results["params"]):
            loss = float(-results["mean_test_score"][i])
            trials.append(
                Trial(
                    _regularization(prefix, parameters),
                    log_loss=None if is_regression else loss,
                    deviation=float(results["std_test_score"][i]),
                    squared_error=loss if is_regression else None,
                )
            )
        order = sorted(range(len(trials)), key=lambda i: (results["rank_test_score"][i], i))
        found = SearchResult(len(folds), tuple(trials[i] for i in order))
        note(_describe(found))
        return found


def _regularization(prefix: str, parameters: Mapping[str, Any]) -> Regularization:
    """Return what an estimator's parameters say of its regularization."""
    by_name = {name.removeprefix(prefix): value for name, value in parameters.items()}
    if "alpha" in by_name:
        return Regularization(1.0 / by_name["alpha"])
    return Regularization(**by_name)


def _describe(found: SearchResult) -> str:
    best = found.best
    loss = "mean squared error" if best.log_loss is None else "log loss"
    chosen = ", ".join(f"{k} {value}" for k, value in best.regularization.parameters().items())
    return (
        f"Of {len(found.trials)} choices in {found.folds}-fold cross-validation the best is"
        f" {chosen}: {loss} {best.loss:.4{'g' if best.log_loss is None else 'f'}}."
    )


def _find_prefix(estimator: Any, name: str) -> str:
    """Return what stands before `C` or `alpha` in the name of the estimator's parameter."""
    names = estimator.get_params() if hasattr(estimator, "get_params") else {}
    found = [each for each in names if each.rpartition("__")[2] == name]
    if len(found) != 1:
        builder = "build_classifier" if name == "C" else "build_regressor"
        raise NotSearchable(
            f"--search tries values of {name}, and the model of {builder}() has"
            f" {'several' if found else 'no such parameter'}; train it without."
        )
    return str(found[0].removesuffix(name))


def _make_grid(
    prefix: str, names: Sequence[str], is_regression: bool
) -> list[dict[str, Sequence[Any]]]:
    if is_regression:
        return [{f"{prefix}alpha": [1.0 / C for C in STRENGTHS]}]
    grid: dict[str, Sequence[Any]] = {f"{prefix}C": STRENGTHS}
    if f"{prefix}l1_ratio" not in names or f"{prefix}solver" not in names:
        return [grid]
    ridge, *others = L1_RATIOS
    return [
        grid | {f"{prefix}l1_ratio": [ridge]},
        # Only saga can use other ratios than 0 with any number of classes.
        grid | {f"{prefix}l1_ratio": others, f"{prefix}solver": ["saga"]},
    ]
