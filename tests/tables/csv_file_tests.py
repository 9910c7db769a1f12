"""Laws of CSV files: rows are those of the csv module, and a wrong one is named by its number."""

import csv
import io
import itertools
from pathlib import Path
from unittest.mock import patch

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.helpers.errors import InvalidDataset
from app.settings import Settings
from app.tables import csv_file
from app.tables.formats import normalize
from tests.support.csv_files import base_rows, read_content, to_csv, write_csv
from tests.support.drawn_tables import law, tables, values_of
from tests.support.training import Run, read_manifest


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
        dataset = read_content(tmp_path, content.encode(), categorical="abc", include="abc")
    except InvalidDataset:
        return
    reader = csv.reader(io.StringIO(content, newline=""), strict=True, skipinitialspace=True)
    expected = [[normalize(field) for field in row[:3]] for row in list(reader)[1:]]
    read_back = zip(*(values_of(dataset.frame[name]) for name in "abc"), strict=True)
    assert [[value or "" for value in row] for row in read_back] == expected


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
        read_content(tmp_path, to_csv([[*types, "target"], *rows], "\r\n"))

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
        read_content(tmp_path, to_csv([[*types, "target"], *rows, []], "\r\n"))

    assert str(refusal.value) == f"Row {place + 2} is blank."


@pytest.mark.parametrize("quoting", [csv.QUOTE_MINIMAL, csv.QUOTE_ALL])
def test_a_long_field_is_read(quoting: int, tmp_path: Path) -> None:
    """Longer than the csv module allows unasked, quoted or not."""
    rows = [["long" * 50_000, "0"], ["short", "1"]] * 4
    dataset = read_content(tmp_path, to_csv([["x", "target"], *rows], "\n", quoting))
    assert dataset.features[0].categories == ("long" * 50_000, "short")


def test_a_file_as_spreadsheets_save_it_trains(
    run_training: Run, config: Settings, tmp_path: Path
) -> None:
    """A byte order mark, CRLF, quoted line ends and blank lines at the end change nothing."""
    path = write_csv(tmp_path / "plain.csv", base_rows(), lineterminator="\n")
    saved = tmp_path / "saved.csv"
    write_csv(saved, base_rows(), lineterminator="\r\n", quoting=csv.QUOTE_ALL)
    saved.write_bytes(b"\xef\xbb\xbf" + saved.read_bytes() + b"\r\n\r\n")
    run_training(path, version="v1")
    run_training(saved, version="v2")
    plain, spreadsheet = read_manifest(config, "v1"), read_manifest(config, "v2")
    assert plain.features == spreadsheet.features
    assert plain.metrics == spreadsheet.metrics
