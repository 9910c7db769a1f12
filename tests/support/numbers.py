"""Numbers drawn together with the ways in which people write them."""

from dataclasses import dataclass

from hypothesis import strategies as st

UNITS = ("%", "$", "€", "£", "¥", "USD", "EUR", "kr", "R$", "zł")
SEPARATORS = {",": (",",), ".": (".",), "'": ("'", "’"), " ": (" ", "\u00a0", "\u202f"), "": ("",)}
GROUPS = {".": (",", "'", " ", ""), ",": (".", "'", " ", "")}


@dataclass(frozen=True)
class WrittenNumbers:
    """A column's numbers, and how they are written."""

    decimal: str
    thousands: str
    unit: str
    values: list[float]
    texts: list[str]


@st.composite
def written_numbers(
    draw: st.DrawFn, decimal: str | None = None, min_size: int = 1, max_size: int = 5
) -> WrittenNumbers:
    """Draw numbers that share a unit and a separator of thousands."""
    decimal = decimal or draw(st.sampled_from(".,"))
    thousands = draw(st.sampled_from(GROUPS[decimal]))
    unit = draw(st.sampled_from(("", "", *UNITS)))
    amounts = st.decimals(-10_000_000, 10_000_000, places=draw(st.integers(0, 4)))
    drawn = draw(st.lists(amounts, min_size=min_size, max_size=max_size))
    separator = draw(st.sampled_from(SEPARATORS[thousands]))
    place = draw(st.sampled_from(["before", "after"])) if unit != "%" else "after"
    blank = draw(st.sampled_from(["", " "]))
    minus = draw(st.sampled_from(["-", "\u2212", "()"]))
    texts = []
    for amount in drawn:
        whole, _, fraction = f"{abs(amount):,f}".partition(".")
        text = whole.replace(",", separator) + (decimal + fraction if fraction else "")
        text = f"{unit}{blank}{text}" if place == "before" else f"{text}{blank}{unit}".strip()
        if amount.is_signed():
            text = f"({text})" if minus == "()" else f"{minus}{text}"
        texts.append(text.strip())
    return WrittenNumbers(decimal, thousands, unit, [float(amount) for amount in drawn], texts)
