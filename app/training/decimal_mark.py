"""The columns of a CSV, read with the decimal mark that they decide on."""

from collections.abc import Sequence
from dataclasses import replace

from app.helpers.errors import InvalidDataset, enumerate_first, quote
from app.tables.decimal_mark import Votes, count_votes
from app.training.raw_table import RawColumn, RawTable, are_whole


def read_with_mark(
    table: RawTable, names: Sequence[str], mark: str | None
) -> tuple[dict[str, RawColumn], str]:
    """Return columns by name, and the decimal mark that they are read with.

    Parameters
    ----------
    table : RawTable
    names : sequence of str
    mark : str or None
        What the user says; by default the columns decide, by their first rows if these do.

    Raises
    ------
    InvalidDataset
        If nothing decides between two marks.
    """
    if mark:
        return _with(table, mark).read(names), mark
    source, delimiter = table.source, table.source.dialect.delimiter
    voters = {name: source.names.index(name) for name in names if name not in table.as_text}
    votes = count_votes(
        (name, [row[place] for row in source.head if place < len(row)])
        for name, place in voters.items()
    )
    mark = votes.decide(delimiter)
    if mark is None and (source.is_whole or votes.point):
        raise _undecided(votes)
    columns = _with(table, mark or ".").read(names)
    if source.is_whole or votes.point or votes.comma:
        return columns, mark or "."
    # The first rows have no fractions, or none that decide: all rows do.
    fractions = [name for name in voters if _has_fractions(columns[name])]
    if delimiter == "," and fractions:
        return columns, "."
    columns_as_text = columns | table.read_texts(fractions)
    votes = count_votes((name, columns_as_text[name].texts) for name in voters)
    final = votes.decide(delimiter)
    if final is None:
        raise _undecided(votes)
    return (columns if final == (mark or ".") else _with(table, final).read(names)), final


def _with(table: RawTable, mark: str) -> RawTable:
    return replace(table, known=replace(table.known, decimal=mark))


def _has_fractions(column: RawColumn) -> bool:
    return column.numbers is not None and not are_whole(column.numbers)


def _undecided(votes: Votes) -> InvalidDataset:
    if votes.point:
        by_point, by_comma = (enumerate_first(map(quote, v)) for v in (votes.point, votes.comma))
        reason = f"{by_point} can be read with a point only, {by_comma} with a comma only"
    else:
        unclear = enumerate_first(map(quote, votes.unclear))
        reason = f"in {unclear} 1.234 may be a fraction or a number above a thousand"
    return InvalidDataset(
        f"Say with --decimal . or --decimal , which decimal mark the file uses: {reason}."
    )
