"""Tokens are shared by processes."""

import os

from hypothesis import given
from hypothesis import strategies as st

from app.utils.tokens import Tokens


@given(st.integers(0, 100))
def test_there_are_as_many_as_were_made(count: int) -> None:
    """And no more, however often one asks."""
    tokens = Tokens(count)
    assert [tokens.take() for _ in range(count + 2)] == [True] * count + [False] * 2


def test_processes_share_them() -> None:
    """What a child has taken, its parent does not get."""
    tokens = Tokens(3)
    child = os.fork()
    if child == 0:
        os._exit(tokens.take() + tokens.take())
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 2
    assert [tokens.take(), tokens.take()] == [True, False]
