"""How a CSV is written: its encoding, its delimiter and its decimal mark."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

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
    """

    encoding: str = "utf-8"
    delimiter: str = ","
    decimal: str = "."

    def to_json(self) -> dict[str, Any]:
        """Return the dialect as plain JSON types."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Return the dialect that `to_json` wrote."""
        return cls(**data)
