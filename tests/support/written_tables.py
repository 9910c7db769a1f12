"""Tables that hypothesis draws as people and programs write them, and what they mean."""

import csv
import io
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from tests.support.numbers import written_numbers

N_ROWS = 12
CP1252 = {*map(chr, range(0x80)), *bytes(range(0xA0, 0x100)).decode("cp1252"), "€", "’"}
WORDS = ["red", "Blue", "größer", "a, b; c|d", "NA", "none", 'so "so"', "naïve café", "x\ty"]
PAIRS = [("true", "false"), ("yes", "no"), ("y", "n"), ("t", "f")]
TOKENS = ["NA", "n/a", "?", "-", ".", "null", "None", "NaN", "#N/A", "--"]


@dataclass(frozen=True)
class WrittenColumn:
    """The fields of a column, and the type and the values that they mean; None is missing."""

    type: str
    fields: list[str]
    values: list[Any]


@dataclass(frozen=True)
class WrittenTable:
    """A CSV, and its columns by name; the column of labels is called target."""

    content: bytes
    columns: dict[str, WrittenColumn]


@st.composite
def written_tables(draw: st.DrawFn) -> WrittenTable:
    """Draw a table in any dialect, with columns of all kinds in any order."""
    decimal = draw(st.sampled_from(".,"))
    makers = {
        "amount": _numbers(decimal),
        "price": _numbers(decimal),
        "flag": _booleans(),
        "word": _categories(WORDS),
        "zip": _categories(["01234", "00017", "99999", "10001"]),
        # Two decimals with one digit each decide the decimal mark.
        "ratio": st.just(
            WrittenColumn("number", [f"{i}{decimal}5" for i in range(N_ROWS)], _halves(N_ROWS))
        ),
        "target": st.just(WrittenColumn("label", ["yes", "no"] * 6, ["yes", "no"] * 6)),
    }
    names = draw(st.permutations([*makers]))
    columns = {name: draw(makers[name]) for name in names}
    padding = st.sampled_from(["", "", " ", "  "])
    rows = [
        [draw(padding) + field + draw(padding) for field in row]
        for row in zip(*(column.fields for column in columns.values()), strict=True)
    ]
    return WrittenTable(draw(_written([*names], rows)), columns)


def _halves(count: int) -> list[float]:
    return [i + 0.5 for i in range(count)]


@st.composite
def _written(draw: st.DrawFn, names: list[str], rows: list[list[str]]) -> bytes:
    delimiter = draw(st.sampled_from([",", ";", "\t", "|"]))
    line_end = draw(st.sampled_from(["\n", "\r\n"]))
    text = io.StringIO(newline="")
    writer = csv.writer(
        text,
        delimiter=delimiter,
        lineterminator=line_end,
        quoting=draw(st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL])),
    )
    writer.writerows([names, *rows])
    preamble = draw(st.sampled_from(["", "# made by a program", f"sep={delimiter}"]))
    content = (preamble + line_end if preamble else "") + text.getvalue()
    encodings = ["utf-8", "utf-8-sig", "utf-16"]
    if "größer" in content and all(
        character < "\u0100" or character == "€" for character in content
    ):
        encodings.append("cp1252")
    return content.encode(draw(st.sampled_from(encodings)))


@st.composite
def _numbers(draw: st.DrawFn, decimal: str) -> WrittenColumn:
    written = draw(written_numbers(decimal, N_ROWS, N_ROWS))
    return _with_gaps(draw, "number", written.texts, written.values, [*TOKENS, ""])


@st.composite
def _booleans(draw: st.DrawFn) -> WrittenColumn:
    true, false = draw(st.sampled_from(PAIRS))
    write = draw(st.sampled_from([str.lower, str.upper, str.capitalize]))
    values = [True, False, *draw(st.lists(st.booleans(), min_size=10, max_size=10))]
    texts = [write(true if value else false) for value in values]
    return _with_gaps(draw, "boolean", texts, values, [*TOKENS, ""])


@st.composite
def _categories(draw: st.DrawFn, words: list[str]) -> WrittenColumn:
    values = [words[0], words[1]] * 2
    values += draw(st.lists(st.sampled_from(words), min_size=8, max_size=8))
    return _with_gaps(draw, "category", values, values, [""])


def _with_gaps(
    draw: st.DrawFn, kind: str, texts: list[str], values: list[Any], tokens: list[str]
) -> WrittenColumn:
    """Return a column some of whose fields are missing, but none of the first four."""
    gaps = draw(st.dictionaries(st.integers(4, N_ROWS - 1), st.sampled_from(tokens), max_size=4))
    return WrittenColumn(
        kind,
        [gaps.get(i, text) for i, text in enumerate(texts)],
        [None if i in gaps else value for i, value in enumerate(values)],
    )
