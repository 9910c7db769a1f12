"""Curves as one SVG: a panel a curve, both axes logarithmic, drawn by hand."""

import math
from collections.abc import Sequence
from html import escape

from tests.benchmarks.growth import Curve

WIDTH, HEIGHT, COLUMNS = 300, 200, 2
LEFT, RIGHT, TOP, BOTTOM = 62, 24, 38, 40


def draw(curves: Sequence[Curve]) -> str:
    """Return the SVG of the curves."""
    rows = math.ceil(len(curves) / COLUMNS)
    width, height = WIDTH * COLUMNS, HEIGHT * rows
    panels = [
        f'<g transform="translate({i % COLUMNS * WIDTH} {i // COLUMNS * HEIGHT})">\n'
        f"{_panel(curve)}\n</g>"
        for i, curve in enumerate(curves)
    ]
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}"'
            f' width="{width}" height="{height}" font-family="sans-serif" font-size="10">',
            f'<rect width="{width}" height="{height}" fill="white"/>',
            *panels,
            "</svg>\n",
        ]
    )


def _panel(curve: Curve) -> str:
    sizes = [size for size, _ in curve.points]
    values = [value for _, value in curve.points]
    low, high = _decades(values)
    x = [_place(size, sizes[0], sizes[-1], LEFT, WIDTH - RIGHT) for size in sizes]
    y = [_place(value, low, high, HEIGHT - BOTTOM, TOP) for value in values]
    parts = [
        f'<text x="{LEFT}" y="16" font-weight="bold">{escape(curve.title)}</text>',
        f'<text x="{LEFT}" y="29" fill="#666">{escape(curve.unit)} by {escape(curve.sizes)},'
        " both logarithmic</text>",
    ]
    decade = low
    while decade <= high * 1.0001:
        line = _place(decade, low, high, HEIGHT - BOTTOM, TOP)
        parts += [
            f'<path d="M{LEFT} {line:.1f}H{WIDTH - RIGHT}" stroke="#ddd"/>',
            f'<text x="{LEFT - 6}" y="{line + 3:.1f}" text-anchor="end" fill="#666">'
            f"{decade:,.9g}</text>",
        ]
        decade *= 10
    for place, size in zip(x, sizes, strict=True):
        parts.append(
            f'<text x="{place:.1f}" y="{HEIGHT - BOTTOM + 14}" text-anchor="middle" fill="#666">'
            f"{size:,}</text>"
        )
    path = "L".join(f"{a:.1f} {b:.1f}" for a, b in zip(x, y, strict=True))
    parts.append(f'<path d="M{path}" fill="none" stroke="#1f5fa8" stroke-width="1.5"/>')
    parts += [
        f'<circle cx="{a:.1f}" cy="{b:.1f}" r="2.5" fill="#1f5fa8"/>'
        for a, b in zip(x, y, strict=True)
    ]
    parts += [
        f'<text x="{a:.1f}" y="{b - 6:.1f}" text-anchor="middle">{three_digits(value)}</text>'
        for a, b, value in zip(x, y, values, strict=True)
    ]
    return "\n".join(parts)


def _decades(values: Sequence[float]) -> tuple[float, float]:
    """Return the powers of ten below and above all values."""
    low = 10.0 ** math.floor(math.log10(min(values)))
    high = 10.0 ** math.ceil(math.log10(max(values)))
    return low, high if high > low else low * 10


def _place(value: float, low: float, high: float, start: float, end: float) -> float:
    """Return where a value lies between two places, in logarithms."""
    if low == high:
        return (start + end) / 2
    return start + (end - start) * math.log(value / low) / math.log(high / low)


def three_digits(value: float) -> str:
    """Return a number with three significant digits."""
    digits = max(0, 2 - math.floor(math.log10(abs(value)))) if value else 0
    return f"{float(f'{value:.3g}'):,.{digits}f}"
