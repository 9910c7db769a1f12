"""The ids of distributed traces."""

import pytest

from app.helpers.traces import trace_id

TRACE, SPAN = "7e" * 16, "5b" * 8


@pytest.mark.parametrize(
    "sent", [f"00-{TRACE}-{SPAN}-01", f"00-{TRACE}-{SPAN}-00", f"01-{TRACE}-{SPAN}-01-more"]
)
def test_the_trace_is_told_by_traceparent(sent: str) -> None:
    """Sampled or not; later versions may add fields."""
    assert trace_id(sent) == TRACE


@pytest.mark.parametrize(
    "sent",
    [
        "",
        "garbage",
        TRACE,
        f"00-{TRACE}-{SPAN}",
        f"00-{TRACE}-{SPAN}-01-more",
        f"00-{TRACE}-{SPAN}-01\n",
        f"00-{TRACE}-{SPAN}-01,00-{TRACE}-{SPAN}-01",
        f"01-{TRACE}-{SPAN}-01more",
        f"01-{TRACE}-{SPAN}-01-more\n",
        f"ff-{TRACE}-{SPAN}-01",
        f"00-{TRACE.upper()}-{SPAN}-01",
        f"00-{'0' * 32}-{SPAN}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"00-{TRACE[:-1]}٣-{SPAN}-01",
    ],
)
def test_a_wrong_traceparent_counts_as_none(sent: str) -> None:
    """As the standard wants it, so that a client can write nothing else into the log."""
    assert trace_id(sent) == ""
