"""The command line's options about the file and its columns."""

import functools
from collections.abc import Callable, Collection
from dataclasses import fields
from typing import Any, get_args

import click

from app.helpers.predictions import Task
from app.tables.columns import DEFAULT_ID, Columns
from app.tables.dates import DateOrder, read_order
from app.tables.dialect import DECIMAL_MARKS


def _check_delimiter(
    context: click.Context, parameter: click.Parameter, delimiter: str | None
) -> str | None:
    if delimiter is None:
        return None
    delimiter = {"tab": "\t", "\\t": "\t"}.get(delimiter.lower(), delimiter)
    is_sign = delimiter.isascii() and (delimiter.isprintable() or delimiter == "\t")
    if len(delimiter) != 1 or not is_sign or delimiter.isalnum() or delimiter in "\"'.+-#_":
        raise click.BadParameter("it must be one character such as ; or |, or the word tab.")
    return delimiter


def _check_tokens(
    context: click.Context, parameter: click.Parameter, tokens: tuple[str, ...]
) -> tuple[str, ...]:
    for token in tokens:
        try:
            token.encode()
        except UnicodeEncodeError as error:  # the terminal's bytes are not valid text
            raise click.BadParameter(f"{token!r} is not valid text.") from error
    return tokens


def _check_date_format(
    context: click.Context, parameter: click.Parameter, text: str | None
) -> DateOrder | None:
    if text is None:
        return None
    if (order := read_order(text)) is None:
        raise click.BadParameter("it must be dmy or mdy, or a format such as %d/%m/%Y.")
    return order


_repeatable = functools.partial(click.option, multiple=True)
_OPTIONS = {
    "target": click.option(
        "--target", default="target", show_default=True, help="Column to predict."
    ),
    "task": click.option(
        "--task",
        type=click.Choice(get_args(Task)),
        help="What the target is: a class or a number. By default the target decides.",
    ),
    "id": click.option(
        "--id", default=DEFAULT_ID, show_default=True, help="Column of ids: never a feature."
    ),
    "drop": _repeatable("--drop", metavar="COLUMN", help="Column to leave out; repeatable."),
    "include": _repeatable(
        "--include", metavar="COLUMN", help="Column to keep that would be left out; repeatable."
    ),
    "categorical": _repeatable(
        "--categorical",
        metavar="COLUMN",
        help="Column of categories though it looks like numbers; repeatable.",
    ),
    "open": _repeatable(
        "--open",
        metavar="COLUMN",
        help="Column of categories that takes new ones; repeatable.",
    ),
    "closed": _repeatable(
        "--closed", metavar="COLUMN", help="Column of categories that refuses new ones; repeatable."
    ),
    "missing": _repeatable(
        "--missing",
        metavar="TOKEN",
        callback=_check_tokens,
        help="Text that means missing, besides NA, ? and the like; repeatable.",
    ),
    "present": _repeatable(
        "--present",
        metavar="TOKEN",
        callback=_check_tokens,
        help="Text that is a label though it looks like a missing one; repeatable.",
    ),
    "delimiter": click.option(
        "--delimiter",
        metavar="CHARACTER",
        callback=_check_delimiter,
        help="What separates the columns: , ; | or tab. Found out by default.",
    ),
    "decimal": click.option(
        "--decimal", type=click.Choice(DECIMAL_MARKS), help="Decimal mark. Found out by default."
    ),
    "encoding": click.option(
        "--encoding",
        metavar="NAME",
        help="The file's encoding, such as cp1252. Found out by default.",
    ),
    "date_format": click.option(
        "--date-format",
        metavar="FORMAT",
        callback=_check_date_format,
        help="Whether dates have the day or the month first: dmy, mdy, or a format such as"
        " %d/%m/%Y. Found out by default.",
    ),
    "group": click.option(
        "--group",
        metavar="COLUMN",
        help="Column that says which rows belong together, such as those of one customer: they"
        " all train or all validate.",
    ),
    "validate_last": click.option(
        "--validate-last",
        metavar="COLUMN",
        help="Column of dates or numbers: validate on the latest quarter of the rows instead of"
        " a random one.",
    ),
}


_OF_TRAINING = ("task", "include", "group", "validate_last")
"""Options that an estimator leaves no choice about once it is fitted."""


def column_options(
    command: Callable[..., None], *, without: Collection[str] = ()
) -> Callable[..., None]:
    """Give a command these options; it gets them as one argument, `columns`."""

    @functools.wraps(command)
    def with_columns(**arguments: Any) -> None:
        names = [field.name for field in fields(Columns) if field.name not in without]
        columns = Columns(**{name: arguments.pop(name) for name in names})
        command(columns=columns, **arguments)

    for name, option in reversed(_OPTIONS.items()):
        if name not in without:
            with_columns = option(with_columns)
    return with_columns


def example_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command those options that are about reading an example for a fitted estimator."""
    return column_options(command, without=_OF_TRAINING)
