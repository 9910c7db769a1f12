"""Tables that hypothesis draws: numbers, booleans, categories and gaps under any names."""

import csv
from typing import Any

import pandas as pd
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from app.tables.formats import MISSING_TOKENS, normalize

DIALECTS = [("\r\n", csv.QUOTE_MINIMAL), ("\n", csv.QUOTE_ALL), ("\r", csv.QUOTE_ALL)]
BOOLEANS = {True: ["True", "true", "TRUE"], False: ["False", "false", "FALSE"]}

law = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)

texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=6)
names = texts.filter(lambda name: name.strip() and name.strip() not in ("id", "target")).filter(
    lambda name: not name.startswith(("#", "sep="))
)

numbers = st.one_of(
    st.integers(-(10**15), 10**15).map(str),
    st.floats(-1e15, 1e15).map(repr),
    st.decimals(-1000, 1000, places=3).map(str),
)

booleans = st.sampled_from([*BOOLEANS[True], *BOOLEANS[False]])
categories = texts.filter(lambda text: normalize(text) != "")
labels = categories.filter(lambda label: normalize(label).lower() not in MISSING_TOKENS)
fields = {"number": numbers, "boolean": booleans, "category": categories}


@st.composite
def tables(draw: st.DrawFn) -> tuple[dict[str, str], list[list[str]]]:
    """Draw the type of each column by name, and the rows as text, the target being the last."""
    header = draw(st.lists(names, min_size=1, max_size=4, unique_by=normalize))
    types = {name: draw(st.sampled_from(sorted(fields))) for name in header}
    classes = draw(st.lists(labels, min_size=2, max_size=3, unique_by=normalize))
    n_rows = draw(st.integers(4 * len(classes), 20))
    columns = [
        draw(
            st.lists(st.one_of(fields[kind], st.just("")), min_size=n_rows, max_size=n_rows).filter(
                any
            )
        )
        for kind in types.values()
    ]
    target = [classes[i % len(classes)] for i in range(n_rows)]
    return types, [list(row) for row in zip(*columns, target, strict=True)]


def values_of(column: "pd.Series[Any]") -> list[Any]:
    """Return a column's values, None where one is missing."""
    return [None if pd.isna(value) else value for value in column]
