"""Words the notes about a table: how it is written, and how its columns were read."""

from collections.abc import Sequence

from app.helpers.errors import enumerate_first, quote
from app.tables.columns import Columns
from app.tables.csv_table import CsvTable
from app.tables.dialect import Dialect
from app.training.decisions import Decisions, option
from app.training.typed_column import TypedColumn

_DELIMITERS = {";": "semicolons", "\t": "tabs", "|": "bars"}
_ENCODINGS = {"cp1252": "Windows-1252", "utf-16": "UTF-16"}


def tell_columns(source: CsvTable, kept: Sequence[TypedColumn], decisions: Decisions) -> None:
    """Note how the columns that the model learns from were read."""
    decisions.notes += [note for column in kept for note in column.notes]
    _tell_tokens(kept, decisions)
    _tell_unnamed(source, kept, decisions)


def tell_dialect(
    source: CsvTable, dialect: Dialect, columns: Columns, decisions: Decisions
) -> None:
    """Note how the file is written, if that is unusual and the user did not say so."""
    found, options = [], []
    if columns.encoding is None and dialect.encoding != "utf-8":
        found.append(f"is read as {_ENCODINGS[dialect.encoding]}")
        options.append("--encoding")
    if columns.delimiter is None and dialect.delimiter != ",":
        delimiter = _DELIMITERS.get(dialect.delimiter, quote(dialect.delimiter))
        found.append(f"has {delimiter} between its columns")
        options.append("--delimiter")
    if columns.decimal is None and dialect.decimal != ".":
        found.append("has decimal commas")
        options.append("--decimal")
    if found:
        decide = "decides" if len(found) == 1 else "decide"
        decisions.notes.append(f"The file {_join(found)}; {_join(options)} {decide} otherwise.")
    if n_comments := source.preamble.n_comments:
        skipped = "A line that begins" if n_comments == 1 else f"{n_comments} lines that begin"
        decisions.notes.append(
            f"{skipped} with # before the header {'is' if n_comments == 1 else 'are'} skipped;"
            " rows are counted from the header, which is row 1."
        )


def tell_group(name: str, decisions: Decisions) -> None:
    """Note that the column that rows are grouped by is a feature as well."""
    decisions.notes.append(
        f"Column {quote(name)} is a feature as well as the group of a row;"
        f" {option('--drop', name)} leaves it out of the features only."
    )


def _tell_unnamed(source: CsvTable, kept: Sequence[TypedColumn], decisions: Decisions) -> None:
    for place, name in enumerate(source.names, start=1):
        if name in source.unnamed and any(column.feature.name == name for column in kept):
            decisions.notes.append(
                f"Column {place} has no name and is called {quote(name)};"
                f" {option('--drop', name)} leaves it out."
            )


def _tell_tokens(kept: Sequence[TypedColumn], decisions: Decisions) -> None:
    """Note what is read as missing, once for all columns that have it."""
    names: dict[tuple[str, ...], list[str]] = {}
    for column in kept:
        names.setdefault(column.tokens, []).append(column.feature.name)
    names.pop((), None)
    for tokens, columns in names.items():
        is_one, (first, *others) = len(tokens) == 1, columns
        decisions.notes.append(
            f"{enumerate_first(map(quote, tokens))} in column{'s' if others else ''}"
            f" {enumerate_first(map(quote, columns))} {'is' if is_one else 'are'} read as missing;"
            f" {option('--categorical', first)} keeps the texts{' of one' if others else ''}."
        )


def _join(items: Sequence[str]) -> str:
    """Return items as in a sentence.

    >>> _join(["a"]), _join(["a", "b"]), _join(["a", "b", "c"])
    ('a', 'a and b', 'a, b and c')
    """
    *first, last = items
    return f"{', '.join(first)} and {last}" if first else last
