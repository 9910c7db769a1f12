"""The columns of a CSV as pandas reads them: plain numbers at once, everything else as text.

The first rows of a column tell whether it looks like plain numbers. pandas then parses it, and only
if all of it are numbers: otherwise the column is read again as text, whose different texts go
through the rules of `app.tables`.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from app.helpers.errors import InvalidDataset
from app.helpers.features import Format
from app.helpers.validation import MAX_ABSOLUTE_NUMBER
from app.tables.csv_table import CsvTable
from app.tables.formats import is_missing

_FEW_ROWS = 1000  # that are looked at before all are
_CHUNK_SIZE = 1024 * 1024  # bytes
_PLAIN_NUMBER = re.compile(r"[-+]?(?:[0-9]+(?:[.,][0-9]*)?|[.,][0-9]+)(?:[eE][-+]?[0-9]+)?")
_PLAIN_NUMBERS = re.compile(
    r"(?:(?!0[0-9]+(?:\n|\Z))[-+]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]+)?(?:\n|\Z))*+"
)
_CODE = re.compile(r"0[0-9]+")


@dataclass(frozen=True)
class RawColumn:
    """One column of a CSV, either as numbers or as texts.

    Attributes
    ----------
    numbers : array of float, shape (n_rows,), or None
        NaN where a value is missing.
    tokens : tuple of str
        What was read as a missing number, besides the empty field.
    codes : array of int, shape (n_rows,), or None
        Each row's place in `texts`.
    texts : sequence of str
        The different fields in order of their first row.
    """

    numbers: NDArray[np.float64] | None = None
    tokens: tuple[str, ...] = ()
    codes: NDArray[np.intp] | None = None
    texts: Sequence[str] = ()


@dataclass(frozen=True)
class RawTable:
    """The columns of a CSV that are used.

    Attributes
    ----------
    source : CsvTable
    n_rows : int
    known : Format
        The file's decimal mark and the user's tokens.
    as_text : collection of str
        Columns that are never numbers.
    """

    source: CsvTable
    n_rows: int
    known: Format
    as_text: Collection[str]

    def read(self, names: Sequence[str]) -> dict[str, RawColumn]:
        """Return columns by name."""
        tokens = {name: self._tokens_of_numbers(name) for name in names}
        plain = {name: found for name, found in tokens.items() if found is not None}
        table = dict(self._read_csv(names, plain).items())  # a DataFrame takes long to pop from
        columns: dict[str, RawColumn] = {}
        whole: list[str] = []
        odd: list[str] = []
        for name in names:
            column = table.pop(name)
            if name not in plain:
                columns[name] = _factorize(column)
                continue
            numbers = _to_numbers(column)
            if numbers is None:
                odd.append(name)
            else:
                columns[name] = RawColumn(numbers, plain[name])
                whole += [name] if are_whole(numbers) else []
        odd += whole if whole and self._may_hold_codes() else []
        return columns | self.read_texts(odd)

    def read_texts(self, names: Sequence[str]) -> dict[str, RawColumn]:
        """Return columns by name, all as text."""
        if not names:
            return {}
        table = dict(self._read_csv(names, {}).items())
        return {name: _factorize(table.pop(name)) for name in names}

    def _tokens_of_numbers(self, name: str) -> tuple[str, ...] | None:
        """Return what means missing in the head of a column of plain numbers, else None."""
        if name in self.as_text:
            return None
        place = self.source.names.index(name)
        texts = {row[place].strip() for row in self.source.head if place < len(row)} - {""}
        if self.known.decimal == "." and _PLAIN_NUMBERS.fullmatch("\n".join(texts)):
            return ()  # as below, in a tenth of the time
        missing = {text for text in texts if is_missing(text, self.known)}
        others = (texts - missing) | (missing & {*self.known.missing})
        return (
            None if any(map(self._is_no_plain_number, others)) else tuple(sorted(missing - others))
        )

    def _is_no_plain_number(self, text: str) -> bool:
        other_mark = "," if self.known.decimal == "." else "."
        return (
            not _PLAIN_NUMBER.fullmatch(text) or other_mark in text or bool(_CODE.fullmatch(text))
        )

    def _read_csv(self, names: Sequence[str], plain: Mapping[str, Sequence[str]]) -> pd.DataFrame:
        source = self.source
        source.file.seek(source.start)
        try:
            table: pd.DataFrame = pd.read_csv(
                source.file,
                encoding="utf-8",
                sep=source.dialect.delimiter,
                decimal=self.known.decimal,
                skipinitialspace=True,
                names=list(source.names),
                header=0,
                nrows=self.n_rows,
                usecols=list(names),
                index_col=False,
                dtype={name: str for name in names if name not in plain},
                keep_default_na=False,
                na_values={name: ["", *tokens] for name, tokens in plain.items()},
                low_memory=False,  # else a column's type may change from chunk to chunk
            )
        except (ValueError, pd.errors.ParserError) as error:
            reason = " ".join(str(error).split())
            raise InvalidDataset(f"The file cannot be read: {reason}.") from error
        if len(table) != self.n_rows:
            raise InvalidDataset(
                f"The file has {self.n_rows} rows or {len(table)}: its quoting is unclear."
            )
        return table

    def _may_hold_codes(self) -> bool:
        """Whether a field of the file may be digits that begin with a zero.

        Among numbers that pandas has parsed they can no longer be told.
        """
        ends = bytes(self.source.dialect.delimiter, "utf-8") + b'\n\r" \t'
        digits = bytes.maketrans(b"23456789" + ends, b"1" * 8 + b"," * len(ends))
        self.source.file.seek(self.source.start)
        last = b""
        while chunk := self.source.file.read(_CHUNK_SIZE):
            chunk = last + chunk.translate(digits)
            if b",00" in chunk or b",01" in chunk:
                return True
            last = chunk[-2:]
        return False


def _to_numbers(column: "pd.Series[Any]") -> NDArray[np.float64] | None:
    """Return a column's numbers, None if it has anything else, or one beyond the bounds."""
    if not pd.api.types.is_numeric_dtype(column) or pd.api.types.is_bool_dtype(column):
        return None
    numbers = column.to_numpy(np.float64)
    return None if (np.abs(numbers) > MAX_ABSOLUTE_NUMBER).any() else numbers


def _factorize(column: "pd.Series[Any]") -> RawColumn:
    codes, texts = pd.factorize(column.fillna(""))
    return RawColumn(codes=codes, texts=texts.tolist())


def are_whole(numbers: NDArray[np.float64]) -> bool:
    """Whether numbers have no fractions; NaN counts for none."""
    if len(numbers) > _FEW_ROWS and not are_whole(numbers[:_FEW_ROWS]):
        return False
    return bool(np.all((numbers == np.floor(numbers)) | np.isnan(numbers)))
