"""List, inspect, copy, sign, remove and adopt published versions.

python -m app.models.versions
"""

import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import click
import orjson

from app import settings
from app.helpers.errors import (
    ApplicationError,
    InvalidModelFile,
    RefusedOperation,
    UnknownVersion,
    quote,
)
from app.helpers.files import make_filename
from app.store import versions
from app.store.manifest_text import describe, estimator_of, figure
from app.store.signing_key import SigningKeys
from app.store.versions import PublishedVersion
from app.tables.columns import Columns
from app.training.column_options import example_options
from app.training.continuity import describe_changes, find_predecessor
from app.training.origin import check_note, given_options
from app.utils.notes import note, warnings_as_notes

_HEADER = ("version", "trained (UTC)", "note", "estimator", "figure", "signed by", "state")
_WIDTH = 40  # of a note or an estimator; `show` shows all of it


class _Commands(click.Group):
    """Commands whose refusals are one line and the exit status 2."""

    def invoke(self, context: click.Context) -> Any:
        try:
            return super().invoke(context)
        except ApplicationError as error:
            note(f"Error: {error}")
            sys.exit(2)
        except BrokenPipeError:  # nobody reads what is printed; click knows how to end
            raise
        except OSError as error:
            note(f"Error: {error.filename!r}: {error.strerror}.")
            sys.exit(1)


@click.group(cls=_Commands, invoke_without_command=True)
@click.pass_context
def main(context: click.Context) -> None:
    """List the published versions, or do something with one.

    No command opens a pickle, but for adopt. What a command writes appears whole or not at all, and
    a running server serves it within two seconds.
    """
    context.obj = settings.current_or_exit()
    if context.invoked_subcommand is None:
        context.invoke(list_versions)


@main.command("list")
@click.pass_obj
def list_versions(config: settings.Settings) -> None:
    """List all versions, the highest first. This is what happens without a command, too.

    "signed by" is the first key, which signs new versions, or another one that is still accepted,
    or unknown. "state" is what a server would make of the file: ready; not loaded, if only its
    pickle could tell more; or unavailable, and why.
    """
    found = versions.find_versions(config.models_root)
    if not found:
        note(f"There are no versions in {os.path.abspath(config.models_root)!r}.")
        return
    keys = _keys(config).read()
    rows: list[tuple[str, ...]] = [_HEADER]
    for version in found:
        with suppress(UnknownVersion):  # it was deleted since they were listed
            rows.append(_row(_look_at(config, version, keys)))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        click.echo("  ".join(cells).rstrip())


def _row(known: PublishedVersion) -> tuple[str, ...]:
    state = f"{known.state}: {known.reason}" if known.reason else known.state
    manifest = known.manifest
    if manifest is None:
        return known.version, "", "", "", "", _signer(known), state
    trained = manifest.created_at[:16].replace("T", " ")
    note_text, estimator = _shorten(manifest.note), _shorten(estimator_of(manifest))
    return known.version, trained, note_text, estimator, figure(manifest), _signer(known), state


def _shorten(text: str) -> str:
    return text if len(text) <= _WIDTH else text[: _WIDTH - 1] + "…"


@main.command()
@click.argument("version")
@click.option("--json", "as_json", is_flag=True, help="Print the whole manifest as JSON.")
@click.pass_obj
def show(config: settings.Settings, version: str, as_json: bool) -> None:
    """Show what the manifest of VERSION says of its model."""
    known = _look_at(config, version, _keys(config).read())
    if known.manifest is None:
        raise InvalidModelFile(
            f"Trained model version {quote(version)} cannot be used: {known.reason}."
        )
    if as_json:
        text = orjson.dumps(known.manifest.to_json(), option=orjson.OPT_INDENT_2)
        click.echo(text.decode())
        return
    state = f"{known.state}: {known.reason}" if known.reason else known.state
    lines = [
        ("version", version),
        ("state", state),
        ("signed by", _signer(known)),
        *describe(known.manifest),
    ]
    width = max(len(label) for label, _ in lines)
    for label, text_of_label in lines:
        click.echo(f"{label:<{width}}  {text_of_label}")


@main.command()
@click.argument("source")
@click.argument("target")
@click.option("--replace", is_flag=True, help="Replace TARGET if it exists.")
@click.pass_obj
def copy(config: settings.Settings, source: str, target: str, replace: bool) -> None:
    """Publish the model of version SOURCE as version TARGET, too.

    To roll back, copy the old version to a new number, which is then the latest. To promote a
    version, copy it to the number that clients call. A TARGET that exists is kept unless you say
    --replace.
    """
    keys, root = _keys(config).read(), os.path.abspath(config.models_root)
    make_filename(target)
    predecessor = find_predecessor(root, target, keys)
    manifest = versions.copy_version(root, source, target, keys, replace=replace)
    if predecessor and (changed := describe_changes(predecessor, manifest, advise=False)):
        note(f"Warning: {changed}")
    click.echo(f"{target} is now the model of {source}.")


@main.command()
@click.pass_obj
def sign(config: settings.Settings) -> None:
    """Sign every version again with the first key, which is how keys are rotated.

    Put the new key before the old one in MODEL_SIGNING_KEY or in the key file, let all servers have
    both, run this, and take the old key away. A file that no accepted key signed is left as it is.
    """
    keys, root = _keys(config).read(), config.models_root
    left = []
    for version in versions.find_versions(root):
        try:
            is_new = versions.sign_version(root, version, keys)
        except UnknownVersion:
            continue  # it was deleted since they were listed
        except ApplicationError as error:
            left.append(f"{error} It is left as it is.")
            continue
        click.echo(f"{version} {'is now' if is_new else 'was already'} signed with the first key.")
    if left:
        raise RefusedOperation(" ".join(left))


@main.command()
@click.argument("version")
@click.pass_obj
def remove(config: settings.Settings, version: str) -> None:
    """Delete VERSION for good; requests for it get a 404."""
    versions.remove_version(config.models_root, version)
    click.echo(f"{version} is removed.")


@main.command()
@click.argument("pickle", metavar="MODEL")
@click.argument("version")
@click.option(
    "--example",
    required=True,
    metavar="CSV",
    help="Rows as the model takes them, if possible with the target.",
)
@click.option("--trust", is_flag=True, help="Run whatever code is in MODEL.")
@click.option("--replace", is_flag=True, help="Replace VERSION if it exists.")
@click.option("--positive-class", metavar="LABEL", help="Class to predict the probability of.")
@click.option(
    "--note",
    "note_text",
    metavar="TEXT",
    default="",
    help="What to remember of this version: one line that the pages show.",
)
@example_options
@click.pass_obj
def adopt(
    config: settings.Settings,
    pickle: str,
    version: str,
    example: str,
    trust: bool,
    replace: bool,
    positive_class: str | None,
    note_text: str,
    columns: Columns,
) -> None:
    """Publish as VERSION the pickle MODEL, which was trained elsewhere.

    MODEL holds a fitted scikit-learn classifier or regressor, or one that behaves like them. What
    its rows look like is learned from the example CSV, as training learns it from its file. If that
    has the target, the ROC AUC on its rows is printed, or R² if the model predicts a number.

    Loading a pickle runs whatever code is in it, with your rights. Say --trust if you trust whoever
    made it, and nobody could have changed it since.
    """
    make_filename(version)
    if not trust:
        raise RefusedOperation(
            "Loading a pickle runs whatever code is in it; if you trust whoever made"
            f" {pickle!r}, say --trust."
        )
    if not replace:
        versions.check_is_free(config.models_root, version)
    # Not above: the other commands need neither pandas nor scikit-learn.
    from app.training.adoption import adopt as adopt_pickle
    from app.training.publishing import publish

    with warnings_as_notes():
        adopted = adopt_pickle(
            pickle,
            version,
            example,
            columns,
            positive_class=positive_class,
            note_text=check_note(note_text),
            options=given_options(click.get_current_context(), {"example", "trust", "replace"}),
        )
        keys = _keys(config).read_or_create()
        publish(adopted.manifest, adopted.estimator, config.models_root, keys, trained=False)


def _keys(config: settings.Settings) -> SigningKeys:
    return SigningKeys(config.model_signing_key, config.model_signing_key_file)


def _look_at(config: settings.Settings, version: str, keys: Sequence[bytes]) -> PublishedVersion:
    return versions.look_at(config.models_root, version, keys, may_unpickle=config.may_unpickle)


def _signer(known: PublishedVersion) -> str:
    if known.key_place is None:
        return "unknown"
    return "first key" if known.key_place == 0 else f"key {known.key_place + 1}"


if __name__ == "__main__":
    main()
