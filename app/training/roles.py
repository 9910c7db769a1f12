"""Which column is the target, which the id, and which may be features."""

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from app.helpers.errors import quote
from app.tables.columns import DEFAULT_ID, Columns
from app.tables.formats import normalize
from app.training.decisions import Decisions, option

_SHOWN_AT_EACH_END = 5


@dataclass(frozen=True)
class Roles:
    """What each column is for.

    Attributes
    ----------
    target : str
    features : list of str
        In order of the file.
    categorical, include : frozenset of str
        Those of the features that the user named so.
    """

    target: str
    features: list[str]
    categorical: frozenset[str]
    include: frozenset[str]


def choose_roles(
    names: Sequence[str], columns: Columns, decisions: Decisions, *, labelled: bool = True
) -> Roles:
    """Return the roles of columns of these names; InvalidDataset if the options do not fit.

    The target need not be among them if the table is not labelled.
    """
    known = {normalize(name): name for name in names}
    in_file = {name: known.get(normalize(name), name) for name in _named(columns)}
    for name in in_file.values():
        if name not in names and (labelled or name != columns.target):
            tell_unknown(name, names, decisions)
    target, id_ = in_file[columns.target], in_file.get(columns.id, columns.id)
    dropped = {in_file[name] for name in columns.drop}
    if target == id_:
        decisions.faults.append(
            f"Column {quote(target)} cannot be both the target and the id; name another with"
            " --target or --id."
        )
    if target in dropped:
        decisions.faults.append(f"Column {quote(target)} is the target; it cannot be dropped.")
    kept = {in_file[name] for name in columns.include}
    for name in sorted(dropped & kept):
        decisions.faults.append(
            f"Column {quote(name)} cannot be both dropped and kept; leave out"
            f" {option('--drop', name)} or {option('--include', name)}."
        )
    decisions.check()
    features = [name for name in names if name not in {target, id_, *dropped}]
    if not features:
        decisions.faults.append("There is no column to learn from beside the target.")
    if DEFAULT_ID in features:
        decisions.faults.append(
            "A feature cannot be called 'id', the name of a row's id in requests; rename it in the"
            " file or leave it out with --drop id."
        )
    decisions.check()
    categorical, include = (
        frozenset(in_file[name] for name in each) for each in (columns.categorical, columns.include)
    )
    return Roles(target, features, categorical, include)


def _named(columns: Columns) -> dict[str, None]:
    """Return the names that the options name, each once."""
    id_ = [] if columns.id == DEFAULT_ID else [columns.id]
    others = (*columns.drop, *columns.categorical, *columns.include, *columns.open, *columns.closed)
    return dict.fromkeys((columns.target, *id_, *others))


def tell_unknown(name: str, names: Sequence[str], decisions: Decisions) -> None:
    """Tell that there is no column of a name, and which one it may be."""
    decisions.faults.append(_unknown(name, names))


def find_near(name: str, names: Sequence[str]) -> str | None:
    """Return which of the names may be meant by one that is not among them."""
    folded = {other.casefold(): other for other in reversed(names)}
    near = difflib.get_close_matches(name.casefold(), folded, n=1)
    return folded[near[0]] if near else None


def _unknown(name: str, names: Sequence[str]) -> str:
    if near := find_near(name, names):
        return f"There is no column {quote(name)}; did you mean {quote(near)}?" + (
            f" There are {enumerate_ends(map(quote, names))}."
        )
    return f"There is no column {quote(name)}; there are {enumerate_ends(map(quote, names))}."


def enumerate_ends(items: Iterable[str]) -> str:
    """Return items separated by commas; of many the first and the last, and how many between."""
    items = list(items)
    n_between = len(items) - 2 * _SHOWN_AT_EACH_END
    if n_between > 0:
        first, last = items[:_SHOWN_AT_EACH_END], items[-_SHOWN_AT_EACH_END:]
        items = [*first, f"{n_between} more", *last]
    return ", ".join(items)
