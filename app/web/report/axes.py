"""Where numbers lie in the frame of a plot, and the round numbers beside its axes."""

import math
from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 360, 268  # of a plot, in the SVG's units
LEFT, RIGHT, TOP, BOTTOM = 56, 14, 12, 44  # the margins
N_TICKS = 5  # at most so many steps of an axis
_STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)
_SUFFIXES = ((1e9, "G"), (1e6, "M"), (1e4, "k"))
_SMALLEST = 0.001  # where an axis of shares ends at least
_WHOLE_FROM = 0.8  # an axis of shares that would end beyond this ends at 1


@dataclass(frozen=True)
class Tick:
    """A place on an axis, in the SVG's units, and its label."""

    place: float
    label: str


@dataclass(frozen=True)
class Axis:
    """A range of numbers with round ends, and what stands beside it."""

    low: float
    high: float
    ticks: tuple[Tick, ...]

    def share(self, number: float) -> float:
        """Return where a number lies, 0 at the low end, 1 at the high one."""
        return (number - self.low) / (self.high - self.low)


def x_place(x: float) -> float:
    """Return where 0 to 1 lies on the horizontal axis."""
    return round(LEFT + x * (WIDTH - LEFT - RIGHT), 1)


def y_place(y: float, top: float = 1.0) -> float:
    """Return where 0 to `top` lies on the vertical axis."""
    return round(HEIGHT - BOTTOM - y / top * (HEIGHT - TOP - BOTTOM), 1)


X_TICKS = tuple(Tick(x_place(k / 4), f"{k / 4:g}") for k in range(5))
Y_TICKS = tuple(Tick(y_place(k / 4), f"{k / 4:g}") for k in range(5))


def make_axis(numbers: Sequence[float], place: Callable[[float], float]) -> Axis:
    """Return an axis that holds all numbers, in at most N_TICKS steps of a round size."""
    low, high = min(numbers), max(numbers)
    width = (high - low) or abs(high) or 1.0
    magnitude = 10.0 ** math.floor(math.log10(width / N_TICKS))
    for step in (size * magnitude for size in (*_STEPS, 20.0)):
        first, last = math.floor(low / step), math.ceil(high / step)
        if last - first <= N_TICKS:
            break
    last = max(last, first + 1)
    low, high = first * step, last * step
    ticks = (k * step for k in range(first, last + 1))
    return Axis(
        low,
        high,
        tuple(Tick(place((tick - low) / (high - low)), _label(tick)) for tick in ticks),
    )


def make_share_axis(largest: float, place: Callable[[float], float]) -> Axis:
    """Return an axis from 0 to just beyond the largest of some shares, at most to 1."""
    if 0 < largest <= _WHOLE_FROM:
        return make_axis([0.0, max(largest, _SMALLEST)], place)
    return Axis(0.0, 1.0, tuple(Tick(place(k / 4), f"{k / 4:g}") for k in range(5)))


def round_up(share: float) -> float:
    """Return the next higher of some shares that stay round when they are divided by four."""
    rounds = (0.04, 0.08, 0.12, 0.2, 0.4, 0.6, 0.8, 1.0)
    return rounds[min(bisect_left(rounds, share), len(rounds) - 1)]


def _label(number: float) -> str:
    """Return a short text for a round number.

    >>> _label(250000.0), _label(-1.5e9), _label(0.00012), _label(0.0)
    ('250k', '−1.5G', '0.00012', '0')
    """
    for size, suffix in _SUFFIXES:
        if size <= abs(number) < 1e12:
            unit = size if suffix != "k" else 1e3
            return f"{number / unit:.6g}{suffix}".replace("-", "−")
    return f"{number:.6g}".replace("-", "−")
