"""Numbers as people write them: signs, currencies, percentages, thousands, parentheses.

The decimal mark belongs to the whole file, everything else to the column. One pattern for each
decimal mark says what a number may look like. `1_000`, digits of other alphabets, hexadecimals and
infinities are no numbers.
"""

import math
import re
from dataclasses import dataclass
from functools import cache

_BLANKS = " \u00a0\u2009\u202f"
_NEGATIVE = "-\u2212("
# ISO 4217, as far as prices are often written with it, and what people write in its place.
_CURRENCY = (
    "(?:AED|ARS|AUD|BGN|BRL|CAD|CHF|CLP|CNY|COP|CZK|DKK|EGP|EUR|GBP|HKD|HUF|IDR|ILS|INR|ISK|JPY"
    "|KES|KRW|KZT|MAD|MXN|MYR|NGN|NOK|NZD|PEN|PHP|PKR|PLN|RON|RSD|RUB|SAR|SEK|SGD|THB|TRY|TWD|UAH"
    r"|USD|VND|ZAR|(?:US|HK|NZ|A|C|R)\$|kr\.?|zł|Kč|Ft|Rs\.?|Fr\.|lei|[$¢£¤¥฿₠-⃀])"
)
_OTHER_MARK = {".": ",", ",": "."}


@dataclass(frozen=True, slots=True)
class Number:
    """A number and how it was written.

    Attributes
    ----------
    value : float
        12.5 where "12.5%" was written.
    thousands : str
        What separates the groups of three digits: ",", ".", "'" or " " (any blank); else "".
    unit : str
        "%", a currency such as "$" or "EUR", or "".
    """

    value: float
    thousands: str
    unit: str


def read_number(text: str, decimal: str) -> Number | None:
    """Return the number that a trimmed text is with this decimal mark, None if it is none."""
    match = _pattern(decimal).fullmatch(text)
    if match is None:
        return None
    part = match.groupdict(default="")
    sign = part["sign"] + part["late_sign"]
    if len(sign) > 1 or (sign == "(") != bool(part["close"]) or (part["before"] and part["after"]):
        return None
    digits = part["digits"] or part["grouped"].replace(part["separator"], "") + part["fraction"]
    value = float(digits.replace(decimal, ".").replace("\u2212", "-"))
    if not math.isfinite(value):
        return None
    separator = part["separator"]
    if separator:
        separator = " " if separator in _BLANKS else separator.replace("’", "'")
    unit = part["before"] or part["after"]
    return Number(-value if sign and sign in _NEGATIVE else value, separator, unit)


@cache
def _pattern(decimal: str) -> re.Pattern[str]:
    mark, separators = re.escape(decimal), re.escape(_OTHER_MARK[decimal]) + "'’" + _BLANKS
    return re.compile(
        rf"""
        (?P<sign>[-+\u2212(]?) [{_BLANKS}]?
        (?P<before>{_CURRENCY})? [{_BLANKS}]?
        (?P<late_sign>[-+\u2212(]?) [{_BLANKS}]?
        (?:
            (?P<grouped>[0-9]{{1,3}} (?P<separator>[{separators}]) [0-9]{{3}}
            (?:(?P=separator) [0-9]{{3}})*) (?P<fraction>(?:{mark}[0-9]*)?)
        |
            (?P<digits>(?:[0-9]+ (?:{mark}[0-9]*)? | {mark}[0-9]+) (?:[eE][-+\u2212]?[0-9]+)?)
        )
        [{_BLANKS}]? (?P<after>%|{_CURRENCY})? (?P<close>\)?)
        """,
        re.VERBOSE,
    )
