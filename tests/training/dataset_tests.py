"""Laws of reading a CSV: what is accepted is read exactly, what is refused is refused in a line."""

import csv
import io
import itertools
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from app.helpers.errors import InvalidDataset
from app.tables import csv_file
from app.training.dataset import Columns, Dataset, read_dataset, sort_labels

DIALECTS = [("\r\n", csv.QUOTE_MINIMAL), ("\n", csv.QUOTE_ALL), ("\r", csv.QUOTE_ALL)]
BOOLEANS = {True: ["True", "true", "TRUE"], False: ["False", "false", "FALSE"]}

law = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)

texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=6)
names = texts.filter(lambda name: name.strip() and name not in ("id", "target"))
numbers = st.one_of(
    st.integers(-(10**15), 10**15).map(str),
    st.floats(-1e15, 1e15).map(repr),
    st.decimals(-1000, 1000, places=3).map(str),
)
booleans = st.sampled_from([*BOOLEANS[True], *BOOLEANS[False]])
categories = texts.filter(bool)
fields = {"number": numbers, "boolean": booleans, "category": categories}


def read(tmp_path: Path, content: bytes, **columns: Any) -> Dataset:
    """Read a file of that content with those options."""
    path = tmp_path / "table.csv"
    path.write_bytes(content)
    return read_dataset(str(path), Columns(**columns))


def to_csv(rows: Sequence[Sequence[str]], line_end: str = "\n", quoting: int = 0) -> bytes:
    """Return rows as csv.writer writes them."""
    buffer = io.StringIO(newline="")
    csv.writer(buffer, lineterminator=line_end, quoting=quoting).writerows(rows)  # type: ignore[arg-type]
    return buffer.getvalue().encode()


@st.composite
def tables(draw: st.DrawFn) -> tuple[dict[str, str], list[list[str]]]:
    """Draw the type of each column by name, and the rows as text, the target being the last."""
    header = draw(st.lists(names, min_size=1, max_size=4, unique=True))
    types = {name: draw(st.sampled_from(sorted(fields))) for name in header}
    labels = draw(st.lists(categories, min_size=2, max_size=3, unique=True))
    n_rows = draw(st.integers(4 * len(labels), 20))
    columns = [
        draw(
            st.lists(st.one_of(fields[kind], st.just("")), min_size=n_rows, max_size=n_rows).filter(
                any
            )
        )
        for kind in types.values()
    ]
    target = [labels[i % len(labels)] for i in range(n_rows)]
    return types, [list(row) for row in zip(*columns, target, strict=True)]


def value_of(text: str, kind: str) -> Any:
    """Return what a field means."""
    if not text:
        return None
    if kind == "category":
        return text
    return float(text in BOOLEANS[True]) if kind == "boolean" else float(text)


def values_of(column: "pd.Series[Any]") -> list[Any]:
    """Return a column's values, None where one is missing."""
    return [None if pd.isna(value) else value for value in column]


@law
@given(
    table=tables(),
    dialect=st.sampled_from(DIALECTS),
    mark=st.sampled_from([b"", b"\xef\xbb\xbf"]),
    n_blank=st.integers(0, 2),
)
def test_a_table_is_read_back_exactly_as_it_was_written(
    table: tuple[dict[str, str], list[list[str]]],
    dialect: tuple[str, int],
    mark: bytes,
    n_blank: int,
    tmp_path: Path,
) -> None:
    """Numbers, booleans, categories and gaps keep their values and types in any dialect."""
    types, rows = table
    content = mark + to_csv([[*types, "target"], *rows], *dialect) + b"\n" * n_blank
    categorical = [name for name, kind in types.items() if kind == "category"]

    try:
        dataset = read(tmp_path, content, categorical=categorical)
    except InvalidDataset as error:  # labels such as '1' and '1.0'
        assume("the same number" not in str(error))
        raise

    assert [feature.name for feature in dataset.features] == list(types)
    for place, (feature, kind) in enumerate(zip(dataset.features, types.values(), strict=True)):
        expected = [value_of(row[place], kind) for row in rows]
        assert feature.type == kind
        assert feature.nullable == (None in expected)
        assert feature.categories == tuple(
            sorted({value for value in expected if value} if kind == "category" else ())
        )
        assert values_of(dataset.frame[feature.name]) == expected
    assert [dataset.classes[k] for k in dataset.target] == [row[-1] for row in rows]


@law
@given(
    rows=st.sampled_from(['ab1 .-"\té', "ab1 .-\té"]).flatmap(
        lambda alphabet: st.lists(
            st.lists(st.text(alphabet, max_size=4), min_size=3, max_size=3), min_size=8, max_size=12
        )
    ),
    line_end=st.sampled_from(["\n", "\r\n", "\r"]),
)
def test_what_is_accepted_is_what_the_csv_module_reads(
    rows: list[list[str]], line_end: str, tmp_path: Path
) -> None:
    """Stray quotes and spaces mean the same to both readers, or are refused."""
    lines = ["a,b,c,target"]
    lines += [",".join([*row, "yes" if i % 2 else "no"]) for i, row in enumerate(rows)]
    content = line_end.join(lines)
    try:
        dataset = read(tmp_path, content.encode(), categorical=["a", "b", "c"])
    except InvalidDataset:
        return
    expected = list(csv.reader(io.StringIO(content, newline=""), strict=True))[1:]
    read_back = zip(*(values_of(dataset.frame[name]) for name in "abc"), strict=True)
    assert [[value or "" for value in row] for row in read_back] == [row[:3] for row in expected]


@law
@given(
    rows=st.lists(st.text('a,"\té', max_size=5), max_size=9),
    line_ends=st.lists(st.sampled_from(["\n", "\r\n", "\r"]), min_size=1, max_size=5),
    chunk_size=st.integers(1, 100),
)
@example(rows=[], line_ends=["\r", "\n", "\n"], chunk_size=100)
def test_rows_are_counted_quickly_as_the_csv_module_counts_them(
    rows: list[str], line_ends: list[str], chunk_size: int, tmp_path: Path
) -> None:
    """The quick count, where it dares, and the slow one agree on files of any shape."""
    lines = ["a,target", *(f"{row},{i % 2}" for i, row in enumerate(rows)), "b,0", "c,1"]
    ends = itertools.cycle(line_ends)
    path = tmp_path / "rows.csv"
    path.write_bytes("".join(line + next(ends) for line in lines).encode())

    def count() -> int | str:
        with open(path, "rb") as file:
            try:
                return csv_file.count_rows(file, 2, lambda n_bytes: None)
            except InvalidDataset as refusal:
                return str(refusal)

    with patch.object(csv_file, "_CHUNK_SIZE", chunk_size):
        quickly = count()
    with patch.object(csv_file, "_count_plain_rows", lambda *arguments: None):
        assert quickly == count()


@law
@given(table=tables(), data=st.data())
def test_a_ragged_row_is_refused_by_its_number(
    table: tuple[dict[str, str], list[list[str]]], data: st.DataObject, tmp_path: Path
) -> None:
    """The first row with too few or too many fields is named, as a spreadsheet numbers it."""
    types, rows = table
    place = data.draw(st.integers(0, len(rows) - 1))
    n_fields = data.draw(st.integers(1, 8).filter(lambda n: n != len(types) + 1))
    rows[place] = ["1"] * n_fields
    if data.draw(st.booleans()):
        rows.append(["1"] * n_fields)

    with pytest.raises(InvalidDataset) as refusal:
        read(tmp_path, to_csv([[*types, "target"], *rows], "\r\n"))

    expected = f"Row {place + 2} has {n_fields} fields, the header has {len(types) + 1}."
    assert str(refusal.value) == expected


@law
@given(table=tables(), n_blank=st.integers(1, 3), chunk_rows=st.integers(1, 30), data=st.data())
def test_a_blank_row_between_others_is_refused_by_its_number(
    table: tuple[dict[str, str], list[list[str]]],
    n_blank: int,
    chunk_rows: int,
    data: st.DataObject,
    tmp_path: Path,
) -> None:
    """Wherever it lies in the chunks that the file is checked by."""
    types, rows = table
    place = data.draw(st.integers(0, len(rows) - 1))
    rows[place:place] = [[]] * n_blank

    with (
        patch.object(csv_file, "_CHUNK_ROWS", chunk_rows),
        pytest.raises(InvalidDataset) as refusal,
    ):
        read(tmp_path, to_csv([[*types, "target"], *rows, []], "\r\n"))

    assert str(refusal.value) == f"Row {place + 2} is blank."


GOOD = to_csv(
    [["x", "naïve", "flag", "target"]]
    + [[str(i / 3), "rouge" if i % 3 else "bleu", "TRUE", str(i % 2)] for i in range(12)]
)


@settings(law, max_examples=400)
@given(
    content=st.one_of(
        st.binary(max_size=100),
        st.lists(
            st.tuples(
                st.integers(0, len(GOOD)),
                st.integers(0, 12),
                st.one_of(
                    st.binary(max_size=3),
                    st.sampled_from([b'"', b",", b"\n", b"\r", b"inf", b"nan", b"9" * 30, b"\n\n"]),
                ),
            ),
            max_size=4,
        ).map(lambda edits: _mutate(GOOD, edits)),
    ),
    options=st.sampled_from([{}, {"categorical": ["x"]}, {"missing": ["0"]}, {"drop": ["flag"]}]),
)
def test_any_bytes_are_read_or_refused_in_one_line(
    content: bytes, options: dict[str, Any], tmp_path: Path
) -> None:
    """Whatever a file holds, there is a dataset without infinities or one short sentence."""
    try:
        dataset = read(tmp_path, content, **options)
    except InvalidDataset as refusal:
        message = str(refusal)
    else:
        assert len(dataset.frame) == len(dataset.target) >= 8
        assert not np.isinf(dataset.frame.select_dtypes("number").to_numpy()).any()
        return
    assert message.isprintable()
    assert message.endswith(".")
    assert len(message) < 1000


def _mutate(content: bytes, edits: list[tuple[int, int, bytes]]) -> bytes:
    for start, length, replacement in edits:
        content = content[:start] + replacement + content[start + length :]
    return content


@given(st.lists(st.one_of(numbers, st.integers().map(str)), unique=True), st.randoms())
def test_labels_that_are_numbers_are_sorted_by_value(labels: list[str], random: Any) -> None:
    """Class '2' comes before '10', whatever order they come in."""
    values = [float(label) for label in sort_labels(labels)]
    assert values == sorted(values)
    random.shuffle(shuffled := list(labels))
    assert sort_labels(shuffled) == sort_labels(labels)


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        (["10", "2", "-1", "b"], ("-1", "10", "2", "b")),
        (["10", "2", "-1", "1.5"], ("-1", "1.5", "2", "10")),
        (["9007199254740993", "9007199254740992"], ("9007199254740992", "9007199254740993")),
        (["True", "False"], ("False", "True")),
        (["nan", "2", "10"], ("10", "2", "nan")),
        (["b, c", "é", "a"], ("a", "b, c", "é")),
    ],
)
def test_labels_are_sorted_by_value_or_as_text(
    labels: list[str], expected: tuple[str, ...]
) -> None:
    """All numbers: by value, however large; else as text."""
    assert sort_labels(labels) == expected


@pytest.mark.parametrize(
    ("column", "kind", "values"),
    [
        ("1 2 3 4", "number", [1.0, 2.0, 3.0, 4.0]),
        ("1.5 -2e3 .5 +4", "number", [1.5, -2000.0, 0.5, 4.0]),
        ("007 0 1 02", "number", [7.0, 0.0, 1.0, 2.0]),
        ("0 1 0 1", "number", [0.0, 1.0, 0.0, 1.0]),
        ("True False - True", "boolean", [1.0, 0.0, None, 1.0]),
        ("true FALSE True false", "boolean", [1.0, 0.0, 1.0, 0.0]),
        ("yes no yes -", "category", ["yes", "no", "yes", None]),
        ("None NA null None", "category", ["None", "NA", "null", "None"]),
        ("True maybe True maybe", "category", ["True", "maybe", "True", "maybe"]),
        ("1 a b a", "category", ["1", "a", "b", "a"]),
        ("1_0 0x1 1_0 0x1", "category", ["1_0", "0x1", "1_0", "0x1"]),
        ("1,5 2,5 1,5 2,5", "category", ["1,5", "2,5", "1,5", "2,5"]),
    ],
)
def test_a_column_type_is_inferred(
    column: str, kind: str, values: list[Any], tmp_path: Path
) -> None:
    """Numbers, booleans or categories, by what all of the column is; a dash is missing here."""
    fields_twice = column.split() * 2
    rows = [[field, str(i // 4)] for i, field in enumerate(fields_twice)]
    dataset = read(tmp_path, to_csv([["x", "target"], *rows]), missing=["-"])
    (feature,) = dataset.features
    assert feature.type == kind
    assert feature.nullable == (None in values)
    assert values_of(dataset.frame["x"]) == values * 2


def test_a_long_column_is_of_one_type(tmp_path: Path) -> None:
    """What pandas would read in chunks, the first of them numbers, are categories throughout."""
    fields = ["1"] * 30_000 + ["red"] * 40_000
    others = [str(number) for number in range(30)]
    rows = [[field, *others, str(i % 2)] for i, field in enumerate(fields)]
    dataset = read(tmp_path, to_csv([["x", *(f"x_{n}" for n in others), "target"], *rows]))
    assert dataset.features[0].categories == ("1", "red")
    assert list(dataset.frame["x"]) == fields


@pytest.mark.parametrize("quoting", [csv.QUOTE_MINIMAL, csv.QUOTE_ALL])
def test_a_long_field_is_read(quoting: int, tmp_path: Path) -> None:
    """Longer than the csv module allows unasked, quoted or not."""
    rows = [["long " * 50_000, "0"], ["short", "1"]] * 4
    dataset = read(tmp_path, to_csv([["x", "target"], *rows], "\n", quoting))
    assert dataset.features[0].categories == ("long " * 50_000, "short")


def test_reading_tells_its_progress(tmp_path: Path) -> None:
    """The last that is told is the whole file."""
    told: list[int] = []
    (tmp_path / "table.csv").write_bytes(GOOD)
    read_dataset(str(tmp_path / "table.csv"), Columns(), told.append)
    assert told[-1] == len(GOOD)


if __name__ == "__main__":
    raise SystemExit(pytest.main([__file__]))
