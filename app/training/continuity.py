"""Whether clients of an older version can go on with a new one: what changes for them.

Training decides from the data what a row has and what is predicted, so training again may change
either. It does not count as a change if clients may only send more than before.
"""

import os
from collections.abc import Iterable, Iterator, Sequence
from datetime import date

from app.helpers.errors import InvalidModelFile, enumerate_first, quote
from app.helpers.features import Feature, Value
from app.helpers.files import FILENAME_PATTERN, make_filename, parse_version_id, version_number
from app.store.manifest import Manifest
from app.store.model_file import open_model_file, read_manifest
from app.store.rows import ignored_names
from app.tables.columns import DEFAULT_ID
from app.tables.formats import normalize, parse
from app.utils.files import get_files_matching

_MAX_CHANGES = 10  # that are told
_EXAMPLE_DATE = date(2024, 3, 2)  # whose day could be its month
_WIDER = {("category", "text")}  # a text takes all that a category did


def find_predecessor(root: str, version: str, keys: Sequence[bytes]) -> Manifest | None:
    """Return the version whose clients will get a new one, before that is published.

    This is the version that it replaces; or, if it will be what `latest` means, the version that
    `latest` means now. None if there is no such version, or it cannot be read.

    Parameters
    ----------
    root : str
        The absolute path of the directory of models.
    version : str
        Of the new one.
    keys : sequence of bytes
        To verify with.
    """
    try:
        paths = get_files_matching(root, FILENAME_PATTERN)
    except OSError:
        return None
    versions = [parse_version_id(os.path.basename(path)) for path in paths]
    if version in versions:
        return _read(root, version, keys)
    for other in sorted(versions, key=version_number, reverse=True):
        if (manifest := _read(root, other, keys)) is not None:
            return manifest if version_number(other) < version_number(version) else None
    return None


def _read(root: str, version: str, keys: Sequence[bytes]) -> Manifest | None:
    try:
        with open_model_file(os.path.join(root, make_filename(version))) as file:
            return read_manifest(file, version, keys)
    except (InvalidModelFile, OSError):
        return None


def describe_changes(old: Manifest, new: Manifest, *, advise: bool = True) -> str | None:
    """Return what changes for clients of the old version, in one line; None if nothing does.

    With `advise`, the line says how training can keep the old row and answer.
    """
    found = changes(old, new)
    if not found:
        return None
    if old.version != new.version and old.target != new.target:
        return (
            f"{new.version} becomes the latest and predicts {quote(new.target)}; {old.version}"
            f" predicts {quote(old.target)}."
        )
    first, n_more = found[:_MAX_CHANGES], len(found) - _MAX_CHANGES
    shown = "; ".join([*first, f"{n_more} more changes"] if n_more > 0 else first)
    if old.version == new.version:
        remedy = f" --like {old.version} would have kept the old row and answer."
        return f"{new.version} no longer answers as before: {shown}.{remedy if advise else ''}"
    remedy = f" --like {old.version} keeps the old row and answer."
    return (
        f"{new.version} becomes the latest and does not answer as {old.version} does: {shown}."
        f"{remedy if advise else ''}"
    )


def changes(old: Manifest, new: Manifest) -> list[str]:
    """Return what clients of one version must know before they use another, a clause for each.

    No category is named that its column's schema does not show.
    """
    return [
        *_row_changes(old.features, new.features),
        *_ignored_changes(old, new),
        *_answer_changes(old, new),
    ]


def _row_changes(old: Sequence[Feature], new: Sequence[Feature]) -> Iterator[str]:
    before, after = ({feature.name: feature for feature in each} for each in (old, new))
    if gone := [name for name in before if name not in after]:
        yield _columns(gone, "is no longer a key", "are no longer keys")
    if added := [name for name in after if name not in before]:
        yield _columns(added, "is a new key", "are new keys")
    pairs = [(before[name], after[name]) for name in before if name in after]
    for was, now in pairs:
        if was.type != now.type and (was.type, now.type) not in _WIDER:
            yield _columns([was.name], f"takes {_kind(now)} instead of {_kind(was)}", "")
    if not_null := [now.name for was, now in pairs if was.nullable and not now.nullable]:
        yield _columns(not_null, "no longer takes null", "no longer take null")
    same_type = [(was, now) for was, now in pairs if was.type == now.type]
    if closed := [now.name for was, now in same_type if was.open and _is_closed(now)]:
        yield _columns(closed, "no longer takes new categories", "no longer take new categories")
    for was, now in same_type:
        if _is_closed(now) and (lost := sorted({*was.categories} - {*now.categories})):
            yield _columns([was.name], f"no longer takes {enumerate_first(map(quote, lost))}", "")
        if was.format.unit != now.format.unit:
            yield _columns([was.name], _unit_change(was.format.unit, now.format.unit), "")
    yield from _reading_changes(same_type)


def _reading_changes(pairs: Iterable[tuple[Feature, Feature]]) -> Iterator[str]:
    """Yield which fields of a CSV, written as before, are no longer read as before."""
    names: dict[tuple[str, Value], list[str]] = {}
    for was, now in pairs:
        texts = _texts_as_before(was)
        values, new_values = (parse(texts, each.type, each.format) for each in (was, now))
        for text, value, new_value in zip(texts, values, new_values, strict=True):
            if value != new_value:
                names.setdefault((text, value), []).append(was.name)
                break  # one example of each column is enough
    for (text, value), columns in names.items():
        shown = "missing" if value is None else value
        yield (
            f"{quote(text)} in column{'s' if len(columns) > 1 else ''}"
            f" {enumerate_first(map(quote, columns))} of a CSV is no longer read as {shown}"
        )


def _texts_as_before(feature: Feature) -> list[str]:
    """Return texts that show all that is special about how a column was written."""
    format_ = feature.format
    texts = [*format_.missing]
    if feature.type == "number":
        texts += [f"0{format_.decimal}5", f"1{format_.decimal}234"]
        texts += [f"1{format_.thousands}234"] if format_.thousands else []
    if format_.date:
        texts.append(_EXAMPLE_DATE.strftime(format_.date))
    return texts


def _ignored_changes(old: Manifest, new: Manifest) -> Iterator[str]:
    """Yield which columns clients may no longer send along."""
    features = (feature.name for feature in new.features)
    taken = {old.target, DEFAULT_ID, *ignored_names(new), *features}
    refused = {*map(normalize, ignored_names(old))} - {*map(normalize, taken)}
    if names := sorted(refused):
        yield _columns(names, "is no longer ignored", "are no longer ignored")


def _answer_changes(old: Manifest, new: Manifest) -> Iterator[str]:
    if old.target != new.target:
        yield f"{quote(new.target)} is predicted instead of {quote(old.target)}"
    if old.task != new.task:
        is_number = new.task == "regression"
        yield (
            "a number is predicted instead of classes"
            if is_number
            else "classes are predicted instead of a number"
        )
        return
    for classes, others, what in (
        (old.classes, new.classes, ("is gone", "are gone")),
        (new.classes, old.classes, ("is new", "are new")),
    ):
        if different := [label for label in classes if label not in others]:
            is_one, shown = len(different) == 1, enumerate_first(map(quote, different))
            yield f"class{'' if is_one else 'es'} {shown} {what[0 if is_one else 1]}"
    if old.positive_class != new.positive_class:
        yield f"the prediction is {_probability(new)} instead of {_probability(old)}"
    elif old.threshold != new.threshold and not _same_rule(old, new):
        label = quote(new.positive_class or "")
        yield f"label {label} needs a probability of {new.threshold:g} instead of {old.threshold:g}"
    units = [manifest.numbers.unit if manifest.numbers else "" for manifest in (old, new)]
    if units[0] != units[1]:
        yield f"the prediction {_unit_change(*units)}"


def _same_rule(old: Manifest, new: Manifest) -> bool:
    """Whether both thresholds were chosen for the same aim, so that they differ by the data."""
    return old.parameters.threshold_for == new.parameters.threshold_for != ""


def _columns(names: Sequence[str], is_: str, are: str) -> str:
    if len(names) == 1:
        return f"column {quote(names[0])} {is_}"
    return f"columns {enumerate_first(map(quote, names))} {are}"


def _kind(feature: Feature) -> str:
    return "categories" if feature.type == "category" else f"{feature.type}s"


def _is_closed(feature: Feature) -> bool:
    return feature.type == "category" and not feature.open


def _unit_change(old: str, new: str) -> str:
    now, was = f"now in {new}" if new else "", f"no longer in {old}" if old else ""
    return f"is {', '.join(filter(None, (now, was)))}"


def _probability(manifest: Manifest) -> str:
    label = manifest.positive_class
    return "one probability for each class" if label is None else f"that of {quote(label)}"
