"""The command line's options about the model."""

import functools
import math
from collections.abc import Callable
from typing import Any

import click

from app.training.origin import given_options
from app.training.search import Search
from app.utils.cores import core_count


def _check_strength(
    context: click.Context, parameter: click.Parameter, C: float | None
) -> float | None:
    if C is not None and not 0.0 < C < math.inf:  # nor NaN
        raise click.BadParameter("it must be a number above 0.")
    return C


_OPTIONS = (
    click.option("--positive-class", metavar="LABEL", help="Class to predict the probability of."),
    click.option(
        "--threshold",
        type=float,
        metavar="NUMBER",
        help="Of two classes, the probability from which on a row gets the positive one's label"
        " (default: 0.5).",
    ),
    click.option(
        "--threshold-for",
        metavar="AIM",
        help="Choose the threshold on the training set: recall=0.8, precision=0.5, or flagged=0.1"
        " of all rows.",
    ),
    click.option(
        "--C",
        "C",
        type=float,
        callback=_check_strength,
        help="Inverse of the regularization's strength (default: chosen by cross-validation).",
    ),
    click.option("--search", is_flag=True, help="Choose C and l1_ratio by cross-validation."),
    click.option(
        "--workers",
        type=click.IntRange(1),
        default=core_count,
        help="Cores to search on (default: all).",
    ),
    click.option(
        "--scheduler", metavar="ADDRESS", help="Dask cluster to search on, such as tcp://host:8786."
    ),
    click.option(
        "--refit-on-all",
        is_flag=True,
        help="After the evaluation, train on all rows and publish that model.",
    ),
    click.option(
        "--like",
        metavar="VERSION",
        help="A version whose row and answer to keep; data that no longer fit are refused.",
    ),
    click.option(
        "--no-yardstick",
        "yardstick",
        is_flag=True,
        flag_value=False,
        default=True,
        help="Do not compare the model with gradient boosting.",
    ),
    click.option(
        "--note",
        "note_text",
        metavar="TEXT",
        default="",
        help="What to remember of this version: one line that the pages show.",
    ),
)


def model_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command these options; it gets them by the names of `train`'s parameters."""

    @functools.wraps(command)
    def with_model(
        *, search: bool, workers: int, scheduler: str | None, C: float | None, **arguments: Any
    ) -> None:
        if scheduler is not None and not search:
            raise click.UsageError("--scheduler is for --search.")
        if search and C is not None:
            raise click.UsageError("--search chooses C; say one or the other.")
        command(
            search=Search(workers, scheduler) if search else None,
            C=C,
            options=given_options(click.get_current_context()),
            **arguments,
        )

    for option in reversed(_OPTIONS):
        with_model = option(with_model)
    return with_model
