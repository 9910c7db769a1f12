"""A manifest as text, for people at a command line."""

import shlex
from collections.abc import Iterator

from app.helpers.errors import enumerate_first, quote
from app.helpers.features import Feature
from app.store.manifest import Manifest
from app.store.metrics import Unmeasured, name_of


def describe(manifest: Manifest) -> Iterator[tuple[str, str]]:
    """Yield what a manifest says, as pairs of a label and a line."""
    data = manifest.training_data
    yield "trained", manifest.created_at
    yield "on", f"{quote(data.file_name)}, SHA-256 {data.sha256}"
    if manifest.origin.adopted:
        yield "rows", f"{data.rows}, of an example"
    else:
        yield "rows", f"{data.rows}: {data.training_rows} trained, {data.validation_rows} validated"
    for rows in data.rows_left_out:
        yield "left out", f"{rows.count} rows: {rows.reason}"
    yield "target", _target(manifest)
    if manifest.note:
        yield "note", manifest.note
    if manifest.origin.adopted:
        yield "adopted", f"from {quote(manifest.origin.adopted)}, which was trained elsewhere"
    if manifest.origin.options:
        yield "options", shlex.join(manifest.origin.options)
    if manifest.origin.commit:
        yield "commit", f"{manifest.origin.commit}{' and changes' * manifest.origin.dirty}"
    yield "estimator", estimator_of(manifest)
    if isinstance(manifest.metrics, Unmeasured):
        yield "figure", f"not measured: {manifest.metrics.reason}"
    else:
        yield from _quality(manifest)
    yield "libraries", ", ".join(map(" ".join, manifest.libraries.items()))
    yield "pickle", f"{manifest.size} bytes, SHA-256 {manifest.sha256}"
    code = f", with code for Python {manifest.libraries['python']}" if manifest.carries_code else ""
    yield "served from", "its weights" if manifest.weights is not None else f"its pickle{code}"
    for feature in manifest.features:
        yield "feature", f"{quote(feature.name)}: {_feature(feature)}"
    for column in data.columns_left_out:
        yield "left out", f"column {quote(column.name)}: {column.reason}"
    if manifest.estimator:
        for line in manifest.estimator.whole.splitlines():
            yield "whole estimator", line


def _quality(manifest: Manifest) -> Iterator[tuple[str, str]]:
    interval = manifest.figure_interval
    sure = f", 95 % interval {interval.low:.4f} to {interval.high:.4f}" if interval else ""
    yield "figure", f"{figure(manifest)}{sure}; baseline {manifest.baseline_figure:.4f}"
    for name, value in vars(manifest.metrics).items():
        if name not in ("roc_auc", "r2"):
            yield name_of(name), f"{value:.6g}"


def estimator_of(manifest: Manifest) -> str:
    """Return the estimator, of a pipeline its last step, in one line."""
    return manifest.estimator.last if manifest.estimator else manifest.parameters.classifier


def figure(manifest: Manifest) -> str:
    """Return the one number that says how good a model is, with its name, if it was measured."""
    if not manifest.is_measured:
        return "not measured"
    name = "R²" if manifest.task == "regression" else "ROC AUC"
    return f"{name} {manifest.figure:.4f}"


def _target(manifest: Manifest) -> str:
    if manifest.task == "regression":
        unit = manifest.numbers.unit if manifest.numbers else ""
        return f"{quote(manifest.target)}, a number{f' in {unit}' if unit else ''}"
    classes = enumerate_first(map(quote, manifest.classes))
    if manifest.positive_class is None:
        return f"{quote(manifest.target)}, one of {classes}"
    return (
        f"{quote(manifest.target)}, one of {classes}; positive is {quote(manifest.positive_class)}"
        f" from {manifest.threshold:g} on"
    )


def _feature(feature: Feature) -> str:
    shown = f"{feature.type}{' or null' if feature.nullable else ''}"
    shown += f" in {feature.format.unit}" if feature.format.unit else ""
    if feature.type == "category":
        shown += f", {enumerate_first(map(quote, feature.categories))}"
        return shown + (", or any other" if feature.open else "")
    if feature.type == "number" and feature.minimum is not None:
        return f"{shown}, {feature.minimum:.6g} to {feature.maximum:.6g}"
    return f"{shown}, {feature.first} to {feature.last}" if feature.first else shown
