"""The delimiter and the preamble, found in the head of a file."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.tables.dialect import DELIMITERS
from app.tables.sniffing import Preamble, find_delimiter, find_preamble

cells = st.one_of(
    st.decimals(-1000, 1000, places=2).map(str),
    st.decimals(-1000, 1000, places=2).map(lambda number: str(number).replace(".", ",")),
    st.integers(0, 10**6).map("{:,}".format),
    st.sampled_from(["yes", "no", "", "a b", "said; then, left|right", "2024-01-31", 'so "so"']),
)


@given(
    st.integers(2, 6).flatmap(
        lambda n: st.lists(st.lists(cells, min_size=n, max_size=n), min_size=2, max_size=20)
    ),
    st.sampled_from(DELIMITERS),
    st.sampled_from(["\n", "\r\n", "\r"]),
    st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
)
def test_the_delimiter_is_found(
    rows: list[list[str]], delimiter: str, line_end: str, quoting: int
) -> None:
    """Whatever the fields hold, quoted where they must be."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=delimiter, lineterminator=line_end, quoting=quoting)  # type: ignore[arg-type]
    writer.writerows([[f"name {i}" for i in range(len(rows[0]))], *rows])
    assert find_delimiter(text.getvalue(), True) == delimiter


@pytest.mark.parametrize(
    ("head", "delimiter"),
    [
        ("a;b\n1,5;2\n2,5;3\n", ";"),
        ("a, in kg;b, in m\n1,5;2,5\n3,5;4,5\n", ";"),
        ("a,b\n1;2,3\n4;5,6\n", ","),
        ("a\tb\n1,5\t2|3\n", "\t"),
        ("a,b\n1,2\n3\n4,5\n", ","),
        ('a,b\n1,2\n3,"4\n', ","),
        ("a\n1\n", ","),
        ("", ","),
    ],
)
def test_the_best_of_several_is_chosen(head: str, delimiter: str) -> None:
    """Of delimiters that all split the header; a file that is amiss has one nevertheless."""
    assert find_delimiter(head, True) == delimiter


def test_the_last_row_may_be_cut() -> None:
    """It decides nothing, be it in a quoted field."""
    assert find_delimiter('a;b\n1;"x"\n2;"y,', False) == ";"


@pytest.mark.parametrize(
    ("text", "preamble"),
    [
        ("a,b\n", Preamble()),
        ("sep=;\r\na;b\r\n", Preamble(7, ";")),
        ('"sep=|"\na|b\n', Preamble(8, "|")),
        ("SEP=\t\na\tb\n", Preamble(6, "\t")),
        ("# one\n# two\na,b\n", Preamble(12, None, 2)),
        ("# one\r\n\r\na,b\r\n", Preamble(9, None, 1)),
        ("sep=;\n# one\na;b\n", Preamble(12, ";", 1)),
        ("#a,b\n1,2\n", Preamble()),
        ("#id;name\nx;y\n", Preamble()),
        ("## by me\n#a\tb\n1\tx\n", Preamble(9, None, 1)),
        ("# made, by me\na,b\n1,2\n", Preamble(14, None, 1)),
        ("", Preamble()),
        ("#", Preamble(1, None, 1)),
    ],
)
def test_the_preamble_ends_where_the_header_begins(text: str, preamble: Preamble) -> None:
    """`sep=` and comments; a line that begins with # and names the columns below is the header."""
    assert find_preamble(text) == preamble
