"""Where the rows of a CSV end."""

import csv
import io
import itertools

from hypothesis import given
from hypothesis import strategies as st

from app.bulk.row_ends import cut_rows
from app.helpers.payloads import format_field
from tests.support.scored_files import quickly


@quickly
@given(
    st.lists(
        st.lists(st.text(st.sampled_from('a,"\r\n é'), max_size=4), min_size=2, max_size=3),
        max_size=12,
    ),
    st.sampled_from(["\n", "\r\n", "\r"]),
    st.integers(1, 40),
)
def test_blocks_end_where_rows_do(table: list[list[str]], line_end: str, size: int) -> None:
    """Whatever is in quotes, and however small the blocks: the csv module finds the same rows."""
    data = "".join(",".join(map(format_field, row)) + line_end for row in table).encode()
    pieces = [bytes(piece) for piece in cut_rows(io.BytesIO(data), size)]
    assert b"".join(pieces) == data
    read = [list(csv.reader(io.StringIO(p.decode(), newline=""), strict=True)) for p in pieces]
    assert list(itertools.chain(*read)) == table
