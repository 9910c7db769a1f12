"""How a CSV is written: its encoding, its delimiter and its decimal mark."""

from dataclasses import dataclass

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
