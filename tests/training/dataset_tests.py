"""Laws of reading a data set: values are read exactly, or refused in one line."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from app.helpers.errors import InvalidDataset
from app.tables.columns import Columns
from app.tables.formats import normalize
from app.training.dataset import read_dataset
from app.training.labels import sort_labels
from tests.support.csv_files import read_content, to_csv
from tests.support.drawn_tables import BOOLEANS, DIALECTS, law, numbers, tables, values_of


def value_of(text: str, kind: str) -> Any:
    """Return what a field means."""
    if not text.strip():
        return None
    if kind == "category":
        return normalize(text)
    return float(text in BOOLEANS[True]) if kind == "boolean" else float(text)


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
        dataset = read_content(tmp_path, content, categorical=categorical, include=list(types))
    except InvalidDataset as error:  # labels such as '1' and '1.0'
        assume("the same number" not in str(error))
        raise

    assert [feature.name for feature in dataset.features] == [name.strip() for name in types]
    for place, (feature, kind) in enumerate(zip(dataset.features, types.values(), strict=True)):
        expected = [value_of(row[place], kind) for row in rows]
        assert feature.type == kind
        assert feature.nullable == (None in expected)
        assert feature.categories == tuple(
            sorted({value for value in expected if value} if kind == "category" else ())
        )
        assert values_of(dataset.frame[feature.name]) == expected
    assert [dataset.classes[k] for k in dataset.target] == [normalize(row[-1]) for row in rows]


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
        dataset = read_content(tmp_path, content, **options)
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
        ("007 0 1 02", "category", ["007", "0", "1", "02"]),
        ("0 1 0 1", "number", [0.0, 1.0, 0.0, 1.0]),
        ("True False - True", "boolean", [1.0, 0.0, None, 1.0]),
        ("true FALSE True false", "boolean", [1.0, 0.0, 1.0, 0.0]),
        ("yes no yes -", "boolean", [1.0, 0.0, 1.0, None]),
        ("None NA null red", "category", ["None", "NA", "null", "red"]),
        ("True maybe True maybe", "category", ["True", "maybe", "True", "maybe"]),
        ("1 a b a", "category", ["1", "a", "b", "a"]),
        ("1_0 0x1 1_0 0x1", "category", ["1_0", "0x1", "1_0", "0x1"]),
        ("1,5 2,5 1,5 2,5", "number", [1.5, 2.5, 1.5, 2.5]),
    ],
)
def test_a_column_type_is_inferred(
    column: str, kind: str, values: list[Any], tmp_path: Path
) -> None:
    """Numbers, booleans or categories, by what all of the column is; a dash is missing here."""
    fields_twice = column.split() * 2
    rows = [[field, str(i // 4)] for i, field in enumerate(fields_twice)]
    dataset = read_content(tmp_path, to_csv([["x", "target"], *rows]), missing=["-"])
    (feature,) = dataset.features
    assert feature.type == kind
    assert feature.nullable == (None in values)
    assert values_of(dataset.frame["x"]) == values * 2


def test_a_long_column_is_of_one_type(tmp_path: Path) -> None:
    """What pandas would read in chunks, the first of them numbers, are categories throughout."""
    fields = ["1"] * 30_000 + ["red"] * 40_000
    others = [str(number) for number in range(30)]
    rows = [[field, *others, str(i % 2)] for i, field in enumerate(fields)]
    dataset = read_content(tmp_path, to_csv([["x", *(f"x_{n}" for n in others), "target"], *rows]))
    assert dataset.features[0].categories == ("1", "red")
    assert list(dataset.frame["x"]) == fields


def test_reading_tells_its_progress(tmp_path: Path) -> None:
    """The last that is told is the whole file."""
    told: list[int] = []
    (tmp_path / "table.csv").write_bytes(GOOD)
    read_dataset(str(tmp_path / "table.csv"), Columns(), told.append)
    assert told[-1] == len(GOOD)
