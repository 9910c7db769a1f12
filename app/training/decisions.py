"""Collects what is decided about a table while it is read, and what is wrong with it."""

import shlex
from dataclasses import dataclass, field

from app.helpers.errors import InvalidDataset, quote
from app.store.training_data import LeftOutColumn, LeftOutRows

_MAX_FAULTS = 10


@dataclass
class Decisions:
    """What a user is told about a table.

    Attributes
    ----------
    notes, warnings, faults : list of str
        Each is one or more sentences.
    remedies : list of str
        The notes that say how to keep a column that is left out.
    columns_left_out : list of LeftOutColumn
    rows_left_out : list of LeftOutRows
    """

    notes: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    remedies: list[str] = field(default_factory=list)
    columns_left_out: list[LeftOutColumn] = field(default_factory=list)
    rows_left_out: list[LeftOutRows] = field(default_factory=list)

    def leave_out(self, name: str, reason: str, option_: str) -> None:
        """Note that a column is left out, why, and which option (if any) keeps it."""
        remedy = f"; {option(option_, name)} keeps it" if option_ else ""
        self.columns_left_out.append(LeftOutColumn(name, reason))
        self.remedies.append(f"Column {quote(name)} is left out: {reason}{remedy}.")
        self.notes.append(self.remedies[-1])

    def check(self) -> None:
        """Raise InvalidDataset with all faults in one line, if there are any."""
        if self.faults:
            first, more = self.faults[:_MAX_FAULTS], len(self.faults) - _MAX_FAULTS
            raise InvalidDataset(" ".join([*first, f"And {more} more."] if more > 0 else first))


def option(name: str, value: str, placeholder: str = "COLUMN") -> str:
    """Return an option that can be pasted into a shell; with a placeholder for odd values."""
    shown = shlex.quote(value) if value.isprintable() and len(value) <= 64 else placeholder
    return f"{name} {shown}"
