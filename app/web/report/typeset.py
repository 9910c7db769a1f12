"""How pages write numbers, shares, moments and calls.

`app/web/static/numbers.js` has `decimals`, `log_odds`, `quantity`, `amount`, `plain`, `grouped`,
`percent` and `word_parts` again, for what the browser writes; a test runs both.
"""

import math
import re
import shlex
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal, localcontext
from typing import Any

import orjson
from markupsafe import Markup

from app.helpers.features import Feature, Value

_BREAKS = re.compile(r"(?<=[_./:-])(?=[A-Za-z])|(?<=[a-z])(?=[A-Z])")
_LARGEST_SPELLED_OUT = 9  # power of ten
_SMALLEST_SPELLED_OUT = -4
MAX_EXACT = 2**53  # whole numbers below it are exact as floats


def number(value: float) -> str:
    """Return a number with about four digits and a real minus sign.

    >>> number(1234567.0), number(-0.98765), number(0.5), number(2e12)
    ('1,234,567', '−0.9877', '0.5', '2e+12')
    """
    if value == 0 or not math.isfinite(value):
        return "0" if value == 0 else str(value)
    magnitude = math.floor(math.log10(abs(value)))
    if _SMALLEST_SPELLED_OUT <= magnitude < _LARGEST_SPELLED_OUT:
        text = f"{value:,.{min(max(0, 3 - magnitude), 4)}f}"
        text = text.rstrip("0").rstrip(".") if "." in text else text
    else:
        text = f"{value:.3g}"
    return text.replace("-", "−")


def decimals(value: float, places: int) -> str:
    """Return a number below 1e21 with so many decimals.

    >>> decimals(0.90625, 4), decimals(-0.5, 0), decimals(-0.0001, 3)
    ('0.9063', '−1', '0.000')
    """
    return _round(value, f".{places}f")


def log_odds(value: float) -> str:
    """Return a part of the log-odds: signed, with four decimals, so that a list of them aligns.

    >>> log_odds(0.25), log_odds(-1.234567), log_odds(0.0), log_odds(1234567.0)
    ('+0.2500', '−1.2346', '0.0000', '+1.235e+6')
    """
    sign = "−" if value < 0 else "+" if value > 0 else ""
    return sign + _round(abs(value), ".4f" if abs(value) < 1e6 else ".3e")


def quantity(value: float) -> str:
    """Return a number in a target's unit: of four significant digits or so.

    >>> quantity(1234567.0), quantity(-12.5), quantity(0.98765), quantity(0.0), quantity(2e12)
    ('1,234,567', '−12.50', '0.9877', '0', '2.000e+12')
    """
    if value == 0 or not math.isfinite(value):
        return "0" if value == 0 else str(value)
    magnitude = math.floor(math.log10(abs(value)))
    if _SMALLEST_SPELLED_OUT <= magnitude < _LARGEST_SPELLED_OUT:
        return _round(value, f",.{max(0, 3 - magnitude)}f")
    return _round(value, ".3e")


def amount(value: float) -> str:
    """Return a part of a number in a target's unit: signed, as `quantity` writes it.

    >>> amount(1234.5), amount(-0.25), amount(0.0)
    ('+1,235', '−0.2500', '0')
    """
    return ("+" if value > 0 else "") + quantity(value)


def plain(value: float) -> str:
    """Return all digits of a number of an ordinary size: 0, or between 1e-4 and 1e16.

    >>> plain(0.5633), plain(1.0), plain(-1234.5)
    ('0.5633', '1', '−1234.5')
    """
    return repr(value + 0.0).removesuffix(".0").replace("-", "−")


def _round(value: float, spec: str) -> str:
    """Return a formatted number; a tie is rounded away from zero, as JavaScript does it."""
    with localcontext(rounding=ROUND_HALF_UP):
        text = format(Decimal(value + 0.0), spec)
    is_zero = not text.strip("-0.,")  # once rounded; it has no sign then
    return text.removeprefix("-") if is_zero else text.replace("-", "−")


def round_for(feature: Feature, value: Value) -> Value:
    """Return a number rounded to a thousandth of the range in training; other values unchanged.

    >>> round_for(Feature("age", "number", minimum=18.0, maximum=90.0), 43.9876)
    43.99
    """
    if not isinstance(value, float) or feature.minimum is None or feature.maximum is None:
        return value
    width = feature.maximum - feature.minimum
    decimals = 3 - math.floor(math.log10(width)) if 0 < width < math.inf else 15
    rounded = round(value, decimals)
    return int(rounded) if rounded.is_integer() and abs(rounded) < MAX_EXACT else rounded


def grouped(number: int) -> str:
    """Return a whole number.

    >>> grouped(1234567)
    '1,234,567'
    """
    return f"{number:,}"


def percent(share: float) -> str:
    r"""Return a share, 0 to 1, in percent; 0 and 100 only if it is exactly that.

    >>> percent(0.25), percent(0.0002)
    ('25\xa0%', '< 0.1\xa0%')
    """
    if 0 < share < 0.0005:
        return "< 0.1\N{NO-BREAK SPACE}%"
    if 0.9995 <= share < 1:
        return "> 99.9\N{NO-BREAK SPACE}%"
    return _round(share * 100, ".1f").removesuffix(".0") + "\N{NO-BREAK SPACE}%"


def word_parts(name: str) -> list[str]:
    """Return a name in parts between which a line may break.

    >>> word_parts("avg_spend.last-year"), word_parts("customerAge"), word_parts("3.5")
    (['avg_', 'spend.', 'last-', 'year'], ['customer', 'Age'], ['3.5'])
    """
    return _BREAKS.split(name)


def breakable(name: str) -> Markup:
    """Return a name as HTML whose lines break between words, also where no blank is."""
    return Markup("<wbr>").join(word_parts(str(name)))


def moment(text: str) -> str:
    """Return an ISO 8601 time the way people write it.

    >>> moment("2026-03-05T08:09:10+00:00")
    '5 March 2026, 08:09 UTC'
    """
    at = datetime.fromisoformat(text).astimezone(UTC)
    return f"{at.day} {at:%B %Y, %H:%M} UTC"


def curl(url: str, row: dict[str, Any], needs_key: bool) -> str:
    """Return a shell command that predicts a row; it reads the key from the environment."""
    lines = [f"curl -s {shlex.quote(url)}", "-H 'Content-Type: application/json'"]
    if needs_key:
        lines.append('-H "X-API-Key: $API_KEY"')
    return " \\\n  ".join([*lines, f"-d {shlex.quote(orjson.dumps(row).decode())}"])
