"""Columns: which columns of a CSV to learn from, and how to read them."""

from collections.abc import Sequence
from dataclasses import dataclass

from app.helpers.predictions import Task
from app.tables.dates import DateOrder

DEFAULT_ID = "id"  # a column that may be there, and is then no feature


@dataclass(frozen=True)
class Columns:
    """The options of training that are about the file and its columns.

    Attributes
    ----------
    target : str
        The column to predict.
    id : str
        The column of ids, which is never a feature.
    drop : sequence of str
        Columns to leave out.
    categorical : sequence of str
        Columns of categories that look like numbers.
    open, closed : sequence of str
        Columns of categories that take new ones, too; that refuse them.
    missing : sequence of str
        Texts that mean a missing value, besides those that always do.
    include : sequence of str
        Columns to keep that would be left out, such as one that counts the rows.
    present : sequence of str
        Texts that are a label, a category or a stray text although they look like a missing value.
    delimiter, decimal, encoding : str or None
        How the file is written; None to find it out.
    task : "classification", "regression" or None
        Whether the target is a class or a number; None to find it out.
    date_format : "dmy", "mdy" or None
        Whether dates such as 03/04/2024 have the day or the month first; None to find it out.
    group : str or None
        The column whose equal values mark rows that must be on one side of the split.
    validate_last : str or None
        The column of dates or numbers by which the latest rows are held out.
    """

    target: str = "target"
    id: str = DEFAULT_ID
    drop: Sequence[str] = ()
    categorical: Sequence[str] = ()
    open: Sequence[str] = ()
    closed: Sequence[str] = ()
    missing: Sequence[str] = ()
    include: Sequence[str] = ()
    present: Sequence[str] = ()
    delimiter: str | None = None
    decimal: str | None = None
    encoding: str | None = None
    task: Task | None = None
    date_format: DateOrder | None = None
    group: str | None = None
    validate_last: str | None = None
