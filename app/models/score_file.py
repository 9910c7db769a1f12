"""Score a whole file, or all of a directory or a pattern of files, with a trained model.

python -m app.models.score_file customers.csv scores.csv v0
"""

import itertools
import os
import signal
import sys
import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, closing, nullcontext
from dataclasses import dataclass

import click

from app import settings
from app.helpers.errors import (
    ApplicationError,
    InvalidDataset,
)
from app.store.loading import read_parts
from app.store.signing_key import SigningKeys
from app.store.versions import open_version
from app.tables.csv_file import FIRST_ROW
from app.utils.files import directory_beside
from app.utils.notes import note, scoring_progress, warnings_as_notes

try:
    import pyarrow as pa
except ModuleNotFoundError:
    raise SystemExit(
        "Error: Scoring files needs pyarrow; install it with: pip install pyarrow"
    ) from None

from app.bulk.csv_blocks import STANDARD
from app.bulk.extras import NOTHING, Extras, extra_options
from app.bulk.packed_model import PackedModel
from app.bulk.scored_file import open_invalid, open_output
from app.bulk.scoring import (
    Output,
    ScoredBlock,
    make_tasks,
    output_names,
    plan,
    score_blocks,
    score_blocks_alone,
)
from app.bulk.table_file import Block, format_of, open_table, pair_files
from app.store.manifest import Manifest
from app.utils.parallel import UnusableCluster, runner

INVALID = ".invalid.csv"  # is added to the output's name
TASK_SIZE = 24 * 1024 * 1024  # bytes; a scheduler takes as long for a small task as for a large one
MIN_TASKS = 16  # that a cluster gets, if there are blocks enough


@dataclass(frozen=True)
class Options:
    """What is asked for besides the files and the version."""

    id: str | None = None  # by default that of training or `id`; else rows are numbered
    keep: bool = False
    extras: Extras = NOTHING
    skip: bool = False
    workers: int = 1
    scheduler: str | None = None
    alone: bool = False  # whether nothing else runs in this process


@dataclass
class Counts:
    """How many rows were scored, and how many were invalid and set aside."""

    scored: int = 0
    invalid: int = 0


@warnings_as_notes()
def score(
    source: str,
    destination: str,
    version_id: str,
    options: Options,
    config: settings.Settings | None = None,
) -> Counts:
    """Score a file, or all of a directory or a pattern of files into a directory.

    Raises
    ------
    ApplicationError
        If there is no such model, or a file cannot be scored. The files that were complete by
        then stay; of the others nothing is left behind.
    OSError
        If the output cannot be written.
    """
    files = _pair(source, destination, options)
    packed = _read_model(version_id, config or settings.current)
    options.extras.check(packed.manifest)
    is_alone = options.alone and options.scheduler is None  # a cluster's workers have other work
    function = score_blocks_alone if is_alone else score_blocks
    counts = Counts()
    size = sum(os.path.getsize(path) for path in files if os.path.isfile(path))
    with (
        scoring_progress(size) as report,
        _directory_of_parts(files, options) as directory,
        runner(function, packed, options.workers, options.scheduler) as run_all,
        closing(_blocks(files, packed.manifest, options, directory)) as blocks,
    ):
        tasks = make_tasks(blocks, min(TASK_SIZE, size // MIN_TASKS))
        scored = (pair for (task,), done in run_all(tasks) for pair in zip(task, done, strict=True))
        for (path, output), of_file in itertools.groupby(scored, key=_file_of):
            results = ((block.size, result) for (_, block), result in of_file)
            names = output_names(packed.manifest, output)
            _write_file(path, files[path], names, output, results, counts, report)
    return counts


def _directory_of_parts(
    files: Mapping[str, str], options: Options
) -> AbstractContextManager[str | None]:
    """Give the directory where a cluster's workers write their parts; None if they write none."""
    csv_files = (path for path in files.values() if format_of(path) == "csv")
    destination = next(csv_files, STANDARD)
    if options.scheduler is None or destination == STANDARD:
        return nullcontext()
    return directory_beside(destination)


def _blocks(
    files: Mapping[str, str], manifest: Manifest, options: Options, parts: str | None
) -> Generator[tuple[Output, Block]]:
    """Yield all files' blocks in order, each with what to make of it."""
    for path, destination in files.items():
        with open_table(path, manifest) as table:
            try:
                output = plan(
                    table,
                    manifest,
                    format_of(destination),
                    options.id,
                    keep=options.keep,
                    extras=options.extras,
                    skip=options.skip,
                    parts=parts,
                )
            except InvalidDataset as error:
                raise InvalidDataset(f"{_name(path)}: {error}") from error
            for block in table.blocks(output.reading.id is None):
                yield output, block


def _file_of(result: tuple[tuple[Output, Block], ScoredBlock]) -> tuple[str, Output]:
    (output, block), _ = result
    return block.path, output


def _write_file(
    path: str,
    destination: str,
    names: Sequence[str],
    output: Output,
    results: Iterator[tuple[int, ScoredBlock]],
    counts: Counts,
    report: Callable[[int, int], None],
) -> None:
    """Write the results of one file's blocks, which come with their sizes in bytes; count rows."""
    number = FIRST_ROW if format_of(path) == "csv" else 1  # of the next row
    skip = output.reading.skip
    with ExitStack() as stack:
        write = stack.enter_context(open_output(destination, output.format, names))
        if skip:
            invalid = open_invalid(destination + INVALID, output.reading.names)
            set_aside = stack.enter_context(invalid)
        for size, result in results:
            for row in result.invalid:
                if not skip:
                    raise InvalidDataset(f"{_name(path)}, row {number + row.place}: {row.reason}.")
                set_aside(number + row.place, row)
            if result.broken:
                raise InvalidDataset(
                    f"{_name(path)}, row {number + result.n_rows}: {result.broken}."
                )
            write(result.content)
            number += result.n_rows
            counts.invalid += len(result.invalid)
            counts.scored += result.n_rows - len(result.invalid)
            report(size, counts.scored)


def _pair(source: str, destination: str, options: Options) -> dict[str, str]:
    """Return the files to read, each with the file to write."""
    if options.scheduler is not None and source != STANDARD:
        source = os.path.abspath(source)  # the cluster's workers run in other directories
    files = pair_files(source, destination)
    if STANDARD in files.values() and options.skip:
        raise InvalidDataset("Invalid rows go to a file beside the output; name a file for it.")
    return files


def _name(path: str) -> str:
    return "stdin" if path == STANDARD else repr(path)


def _read_model(version_id: str, config: settings.Settings) -> PackedModel:
    """Return a model whose signature and digest were verified."""
    keys = SigningKeys(config.model_signing_key, config.model_signing_key_file).read()
    with open_version(config.models_root, version_id) as file:
        manifest, pickle = read_parts(file, version_id, keys, may_unpickle=config.may_unpickle)
    return PackedModel(manifest, pickle)


@click.command()
@click.argument("source", metavar="INPUT")
@click.argument("destination", metavar="OUTPUT")
@click.argument("version")
@click.option(
    "--id", "id_", metavar="COLUMN", help="Column of ids (default: that of training, or id)."
)
@click.option("--keep", is_flag=True, help="Write the input's columns, too.")
@extra_options
@click.option(
    "--invalid",
    type=click.Choice(["stop", "skip"]),
    default="stop",
    show_default=True,
    help="Stop at the first row that breaks the schema, or write such rows to OUTPUT.invalid.csv.",
)
@click.option(
    "--workers",
    type=click.IntRange(1),
    default=1,
    show_default=True,
    help="Processes to use on this machine.",
)
@click.option(
    "--scheduler", metavar="ADDRESS", help="Dask cluster to use, such as tcp://host:8786."
)
def main(
    source: str,
    destination: str,
    version: str,
    id_: str | None,
    keep: bool,
    extras: Extras,
    invalid: str,
    workers: int,
    scheduler: str | None,
) -> None:
    """Score the file INPUT with VERSION and write the predictions to OUTPUT.

    Both are .csv or .parquet, or - for stdin and stdout. If INPUT is a directory or a pattern in
    quotes, OUTPUT is a directory that gets a file for each.
    """
    config = settings.current_or_exit()
    options = Options(id_, keep, extras, invalid == "skip", workers, scheduler, alone=True)
    started = time.monotonic()
    try:
        counts = score(source, destination, version, options, config)
    except (ApplicationError, UnusableCluster, pa.ArrowException) as error:
        note(f"Error: {' '.join(str(error).split())}")
        sys.exit(2)
    except BrokenPipeError:  # nobody reads what is printed; click knows how to end
        raise
    except OSError as error:
        note(f"Error: {error.filename!r} cannot be written: {error.strerror}.")
        sys.exit(1)
    except KeyboardInterrupt:
        note("Interrupted; a file that was not complete is not there.")
        sys.exit(130)
    seconds = time.monotonic() - started
    rate = counts.scored / seconds
    note(f"Scored {counts.scored:,} rows in {seconds:.1f} s, {rate:,.0f} a second.")
    if options.skip:
        note(f"Set aside {counts.invalid:,} invalid rows.")


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    main()
