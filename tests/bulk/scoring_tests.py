"""How blocks of rows become the tasks of workers."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from app.bulk.checked_rows import Reading
from app.bulk.csv_blocks import CsvBlock
from app.bulk.scoring import Output, make_tasks


@given(st.lists(st.integers(0, 50), max_size=20), st.booleans(), st.integers(1, 100))
def test_a_cluster_gets_blocks_in_tasks_of_some_size(
    sizes: list[int], are_put_down: bool, size: int
) -> None:
    """All of them in order, the small together; each alone where its rows are sent."""
    output = Output("csv", Reading(("id",), "id"), parts="there" if are_put_down else None)
    blocks = [(output, CsvBlock("in.csv", i, own)) for i, own in enumerate(sizes)]
    tasks = [task for (task,) in make_tasks(iter(blocks), size)]
    assert list(itertools.chain(*tasks)) == blocks
    if are_put_down:
        assert all(sum(block.size for _, block in task[:-1]) < size for task in tasks)
        assert all(sum(block.size for _, block in task) >= size for task in tasks[:-1])
    else:
        assert all(len(task) == 1 for task in tasks)
