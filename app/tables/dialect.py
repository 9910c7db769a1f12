"""How a CSV is written: its encoding, its delimiter and its decimal mark; and its column of ids."""

from dataclasses import dataclass, field, replace
from typing import Self

from app.tables.columns import DEFAULT_ID

DELIMITERS = (",", ";", "\t", "|")
DECIMAL_MARKS = (".", ",")


@dataclass(frozen=True)
class Dialect:
    r"""How a CSV is written.

    Attributes
    ----------
    encoding : str
        As Python names it, such as "utf-8", "utf-16" or "cp1252". A byte order mark may be there.
    delimiter : str
        One character: ",", ";", a tab or "|", unless the user named another one.
    decimal : "." or ","
        What separates the whole part of a number from its fraction, in the whole file.
    row_names : bool
        Whether rows begin with a field that the header has no name for, as R writes them.
    """

    encoding: str = "utf-8"
    delimiter: str = ","
    decimal: str = "."
    row_names: bool = False


@dataclass(frozen=True)
class TableRules:
    """How a version reads a CSV, besides the formats of its features.

    Attributes
    ----------
    dialect : Dialect
        Of the file that it was trained on.
    id : str
        The name that the column of ids had there.
    """

    dialect: Dialect = field(default_factory=Dialect)
    id: str = DEFAULT_ID

    def in_utf_8(self) -> Self:
        """Return the same rules for a CSV that is known to be in UTF-8."""
        return replace(self, dialect=replace(self.dialect, encoding="utf-8"))
