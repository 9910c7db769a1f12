"""Fixtures: what was measured is told after the tests."""

from collections.abc import Callable

import pytest

_figures: list[str] = []


@pytest.fixture
def tell(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Keep a figure for the summary."""
    name = request.node.name.removeprefix("test_").replace("_", " ")
    return lambda figure: _figures.append(f"{name}: {figure}")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Tell all figures."""
    if _figures:
        terminalreporter.section("measured")
    for figure in _figures:
        terminalreporter.write_line(figure)
