"""Scores one block of a table: the command, its worker processes and a cluster all run this.

The result depends only on the arguments, so a block can be scored anywhere, and again if a machine
is lost. The model is one of the arguments. It was verified before it was sent: a cluster runs any
code that it is sent anyway, so it would gain nothing from a key of its own.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.csv as arrow_csv
from numpy.typing import NDArray

from app.bulk.checked_rows import InvalidRow, Reading, Rows
from app.bulk.csv_blocks import CsvBlock
from app.bulk.csv_rows import read_csv_rows
from app.bulk.extras import NOTHING, Extras
from app.bulk.packed_model import PackedModel
from app.bulk.parquet_rows import check_batch, check_types
from app.bulk.parts import Part, put_down
from app.bulk.table_file import Block, Format, Table
from app.helpers.errors import InvalidDataset, enumerate_first, quote
from app.helpers.payloads import format_field
from app.helpers.predictions import STEPS
from app.helpers.validation import RowValidator
from app.store.manifest import Manifest
from app.store.rows import table_rules
from app.tables.csv_layout import find_id
from app.utils.arrow import leave_pandas_out

if TYPE_CHECKING:
    from app.store.trained_model import TrainedModel


Blocks = list[tuple["Output", Block]]


@dataclass(frozen=True)
class Output:
    """How the output of a table is made.

    Attributes
    ----------
    format : "csv" or "parquet"
    reading : Reading
    extras : Extras
        What is written besides ids and predictions.
    parts : str or None
        A directory where workers can write the result of a block.
    """

    format: Format
    reading: Reading
    extras: Extras = NOTHING
    parts: str | None = None


@dataclass(frozen=True)
class ScoredBlock:
    """The result of scoring a block.

    Attributes
    ----------
    n_rows : int
        The number of all rows, including invalid ones.
    content : bytes, Part or Table
        What the output gets for the valid rows: CSV without a header, or columns.
    invalid : list of InvalidRow
    broken : str
        Why no row after these can be read; empty if there is no such problem.
    """

    n_rows: int
    content: Any
    invalid: list[InvalidRow] = field(default_factory=list)
    broken: str = ""


def plan(
    table: Table,
    manifest: Manifest,
    format_: Format,
    id_: str | None = None,
    *,
    keep: bool = False,
    extras: Extras = NOTHING,
    skip: bool = False,
    parts: str | None = None,
) -> Output:
    """Return how the output of a table is to be made.

    Columns that the model does not know are left out unless `keep` is set. Without `id_`, the ids
    are in the column that training used or in `id`; if there is neither, rows are numbered.

    Raises
    ------
    InvalidDataset
        If a column is missing or of a wrong type, or two would have the same name.
    """
    id_ = id_ or find_id(table.names, table_rules(manifest))
    wanted = (*([id_] if id_ else []), *(feature.name for feature in manifest.features))
    if missing := [name for name in wanted if name not in table.names]:
        raise InvalidDataset(
            f"There is no column {enumerate_first(map(quote, missing))};"
            f" there are {enumerate_first(map(quote, table.names))}."
        )
    kept = tuple(name for name in table.names if name != id_) if keep else ()
    names = table.names
    if table.types is not None:
        names = tuple(dict.fromkeys((*wanted, *kept)))
        if twice := [name for name in names if table.names.count(name) > 1]:
            raise InvalidDataset(f"There are two columns {quote(twice[0])}.")
        check_types(dict(zip(table.names, table.types, strict=True)), manifest.features, id_)
    output = Output(format_, Reading(names, id_, kept, skip, table.layout), extras, parts)
    output_names(manifest, output)
    return output


def output_names(manifest: Manifest, output: Output) -> list[str]:
    """Return the names of the output's columns; raise InvalidDataset if two are the same."""
    names = ["id", *_prediction_names(manifest), *output.extras.names(manifest)]
    names += output.reading.keep
    if twice := [name for i, name in enumerate(names) if name in names[:i]]:
        raise InvalidDataset(
            f"The output would have two columns {quote(twice[0])}; leave --keep out, or rename it."
        )
    return names


def make_tasks(blocks: Iterable[tuple[Output, Block]], size: int) -> Iterator[tuple[Blocks]]:
    """Yield tasks of consecutive blocks, about `size` bytes in each.

    If rows or predictions have to be sent to or from a worker, a task is a single block.
    """
    task: Blocks = []
    left = size
    for output, block in blocks:
        task.append((output, block))
        left -= block.size
        is_sent = isinstance(block, CsvBlock) and block.data is not None
        is_put_down = output.parts is not None and output.format == "csv"
        if left <= 0 or is_sent or not is_put_down:
            yield (task,)
            task, left = [], size
    if task:
        yield (task,)


def score_blocks_alone(packed: PackedModel, blocks: Blocks) -> list[ScoredBlock]:
    """Score the blocks in a process that does nothing else."""
    if packed.pickle is None:
        leave_pandas_out()
    return score_blocks(packed, blocks)


def score_blocks(packed: PackedModel, blocks: Blocks) -> list[ScoredBlock]:
    """Score the blocks one after the other."""
    return [score_block(packed, output, block) for output, block in blocks]


def score_block(packed: PackedModel, output: Output, block: Block) -> ScoredBlock:
    """Return the predictions of a block's rows, in order.

    Raises
    ------
    InvalidDataset
        If the block cannot be read.
    InvalidModelFile
        If the model fails its self-check here.
    NotExplainable
        If there are no exact contributions to show.
    """
    model = packed.unpack()
    n_rows, invalid, broken = 0, [], ""
    contents = []
    for rows in _read(block, model.validator, output.reading):
        invalid += [InvalidRow(n_rows + row.place, row.reason, row.fields) for row in rows.invalid]
        n_rows, broken = n_rows + rows.n_rows, rows.broken
        columns = list(_output_columns(model, rows, output))
        if output.format == "csv":
            contents.append(_format_csv([_texts(column) for column in columns]))
        else:
            contents.append(pa.table(columns, output_names(packed.manifest, output)))
    content: bytes | Part | pa.Table
    if output.format == "parquet":
        content = pa.concat_tables(contents)
    else:
        content = b"".join(contents)
        if output.parts is not None:
            content = put_down(content, output.parts)
    return ScoredBlock(n_rows, content, invalid, broken)


def _read(block: Block, validator: RowValidator, reading: Reading) -> Iterator[Rows]:
    if isinstance(block, CsvBlock):
        yield read_csv_rows(block.read(), validator, reading, block.first)
    else:
        first = block.first
        for batch in block.read(reading.names):
            yield check_batch(batch, validator, reading, first)
            first += batch.num_rows


def _prediction_names(manifest: Manifest) -> Sequence[str]:
    return ["prediction"] if manifest.has_one_output else manifest.classes


@dataclass(frozen=True)
class _Predictions:
    """Rounded probabilities, shape (n_rows,), whose texts are looked up."""

    values: NDArray[np.float64]


def _output_columns(model: "TrainedModel", rows: Rows, output: Output) -> Iterator[Any]:
    yield rows.ids
    if len(rows.ids):
        rounded = model.rounded_outputs(rows.columns)
    else:
        rounded = np.empty((len(_prediction_names(model.manifest)), 0))
    is_looked_up = output.format == "csv" and model.manifest.task == "classification"
    for row in rounded:
        yield _Predictions(row) if is_looked_up else row
    yield from output.extras.columns(model, rows.columns, rounded)
    yield from rows.kept.values()


@cache  # and not at import: Arrow looks for pandas, which only who scores needs
def _prediction_texts() -> pa.Array:
    """Return the text of every possible probability, as the API writes it."""
    return pa.array([orjson.dumps(k / STEPS).decode() for k in range(STEPS + 1)])


def _texts(column: Any) -> pa.Array:
    """Return a column as texts; a missing value becomes an empty text."""
    if isinstance(column, _Predictions):
        places = np.rint(column.values * STEPS).astype(np.int32)
        return _prediction_texts().take(pa.array(places))
    if isinstance(column, np.ndarray):  # of float64
        numbers = orjson.dumps(column, option=orjson.OPT_SERIALIZE_NUMPY).decode()
        return pa.array(numbers[1:-1].split(",") if len(column) else [], pa.string())
    return column.cast(pa.string()).fill_null("")


def _format_csv(columns: Sequence[pa.Array]) -> bytes:
    """Return columns of texts as CSV without a header; fields are quoted only if necessary."""
    names = list(map(str, range(len(columns))))
    sink = pa.BufferOutputStream()
    options = arrow_csv.WriteOptions(include_header=False, quoting_style="none")
    try:
        arrow_csv.write_csv(pa.table(list(columns), names), sink, options)
    except pa.ArrowInvalid:  # something needs quotes
        by_row = zip(*(map(format_field, column.to_pylist()) for column in columns), strict=True)
        return "".join([",".join(fields) + "\n" for fields in by_row]).encode()
    content: bytes = sink.getvalue().to_pybytes()
    return content
