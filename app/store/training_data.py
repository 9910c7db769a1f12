"""The file that a model learned from, as its manifest describes it."""

from dataclasses import dataclass, field

from app.tables.dialect import Dialect


@dataclass(frozen=True)
class LeftOutColumn:
    """A column of the file that the model does not learn from, and why."""

    name: str
    reason: str


@dataclass(frozen=True)
class LeftOutRows:
    """How many rows of the file the model does not learn from, and why."""

    count: int
    reason: str


@dataclass(frozen=True)
class ClassRows:
    """How many rows a class has, in training set and validation set together and in the latter."""

    label: str
    rows: int
    validation_rows: int


@dataclass(frozen=True)
class TrainingData:
    """The file that a model learned from.

    Attributes
    ----------
    file_name, sha256 : str
    rows, training_rows, validation_rows : int
        All rows that were used, those in the training set and those in the validation set.
    dialect : Dialect
        How the file is written.
    columns_left_out, rows_left_out : tuple
        What was left out although nobody asked for it.
    classes : tuple of ClassRows, shape (n_classes,)
        In the order of the manifest's `classes`; empty in a regression, and in older files.
    """

    file_name: str
    sha256: str
    rows: int
    training_rows: int
    validation_rows: int
    dialect: Dialect = field(default_factory=Dialect)
    columns_left_out: tuple[LeftOutColumn, ...] = ()
    rows_left_out: tuple[LeftOutRows, ...] = ()
    classes: tuple[ClassRows, ...] = ()
