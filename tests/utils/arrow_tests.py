"""Arrow can be kept from importing pandas, unless that is there already."""

import pytest

from tests.support.programs import run_program


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", "[1.0, None] a False"),
        ("import pandas", "[1.0, None] a True"),
    ],
)
def test_arrow_works_without_pandas(before: str, after: str) -> None:
    """It takes and gives Python's objects and numpy's arrays."""
    program = f"""
{before}
import sys
from app.utils.arrow import leave_pandas_out
leave_pandas_out()
import numpy as np, pyarrow as pa
numbers = pa.array(np.array([1.0, np.nan]), from_pandas=True)
print(numbers.to_pylist(), pa.array(["a"]).cast(pa.string())[0].as_py(), "pandas" in sys.modules)
"""
    assert run_program(program) == f"{after}\n"


def test_pandas_can_be_imported_afterwards() -> None:
    """Only Arrow does without it."""
    program = """
from app.utils.arrow import leave_pandas_out
leave_pandas_out()
import pandas
print(pandas.Series([1, 2]).sum())
"""
    assert run_program(program) == "3\n"
