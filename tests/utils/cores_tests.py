"""Numbers are spread over the usable cores."""

from hypothesis import given
from hypothesis import strategies as st

from app.utils.cores import nth_core, usable_cores


@given(st.integers(-(10**9), 10**9))
def test_numbers_in_a_row_have_different_cores(first: int) -> None:
    """As many as there are; then they begin anew."""
    cores = usable_cores()
    assert sorted(nth_core(first + n) for n in range(len(cores))) == cores
    assert nth_core(first + len(cores)) == nth_core(first)
