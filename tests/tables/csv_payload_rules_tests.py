"""A CSV body is read by the rules of its version: which columns it has, and how it is written."""

from collections.abc import Sequence

import pytest

from app.helpers.errors import InvalidPayload
from app.helpers.features import Feature, Format, Value
from app.helpers.validation import RowValidator
from app.tables.csv_payload import parse_csv
from app.tables.dialect import Dialect, TableRules

COMMA = Format(decimal=",", missing=("-999",))
FEATURES = (
    Feature("Preis", "number", nullable=True, format=Format(",", ".", "€")),
    Feature("x", "number", nullable=True, format=COMMA),
    Feature("neu", "boolean", nullable=True, format=COMMA),
    Feature("Größe", "category", nullable=True, categories=("groß", "klein"), format=COMMA),
)
IGNORED = ("Kunde", "target", "(unnamed column 1)")
VALIDATOR = RowValidator(FEATURES, IGNORED)
GERMAN = TableRules(Dialect("cp1252", ";", ","), "Kunde")
HEADER = "Kunde;Preis;x;neu;Größe;target"
LINE = "7;1.234,50 €;-0,5;YES;groß;ja"
VALUES = [[1234.5], [-0.5], [True], ["groß"]]


def read(body: str | bytes, rules: TableRules = GERMAN) -> tuple[list[str], list[Sequence[Value]]]:
    """Return the ids and the columns of a body."""
    return parse_csv(body.encode() if isinstance(body, str) else body, VALIDATOR, 10, rules)


def refuse(body: str | bytes, rules: TableRules = GERMAN) -> str:
    """Return the message that a body is refused with, or its first row's."""
    with pytest.raises(InvalidPayload) as caught:
        read(body, rules)
    return caught.value.errors[0]["message"] if caught.value.errors else str(caught.value)


@pytest.mark.parametrize(
    "body",
    [
        f"{HEADER}\n{LINE}",
        f"{HEADER}\n{LINE}".encode("cp1252"),
        f"\ufeff{HEADER}\r\n{LINE}\r\n",
        f"sep=;\n{HEADER}\n{LINE}",
        f"# Kunden; alle\n{HEADER}\n{LINE}",
        'Kunde,Preis,x,neu,Größe\n7,"1.234,50 €","-0,5",Yes,groß',
        "id,Preis,x,neu,Größe\n7,1234.5,-0.5,true,groß",
        "id;Preis;x;neu;Größe\n7;1234.5;-0.5;true;groß",
        "Größe;neu;x;Preis;id\ngroß;y;-,5;€1234,5;7",
        f";{HEADER};\n1;{LINE};",
    ],
)
def test_the_version_s_own_csv_and_a_plain_one_are_read(body: str | bytes) -> None:
    """With the signs that its columns were written with, or without."""
    assert read(body) == (["7"], VALUES)


def test_a_plain_number_that_the_format_reads_as_another_is_that_other() -> None:
    """Points separate thousands in one of the columns, and mean nothing else in the other."""
    assert read("id,Preis,x,neu,Größe\n7,1.234,1.234,,")[1][:2] == [[1234.0], [1.234]]


def test_missing_values_are_those_of_the_version() -> None:
    """The tokens that everybody knows, and the user's, however a number is written."""
    for missing in ("NA", "?", "n/a", " ", "-999"):
        assert read(f"{HEADER}\n7;;{missing};{missing};;")[1] == [[None], [None], [None], [None]]
    assert read(f"{HEADER}\n7;;-999,0;;;")[1][1] == [None]
    assert refuse(f"{HEADER}\n7;;;;NA;") == (
        "Invalid values: 'Größe' must be one of 'groß', 'klein' or null"
    )


@pytest.mark.parametrize(
    ("names", "row", "ids"),
    [
        ("Kunde;id", "a;b", ["a"]),
        ("id", "b", ["b"]),
        ("target", "ja", ["0"]),
        ("id", " 007 ", [" 007 "]),
    ],
)
def test_ids_are_in_the_column_of_training_or_in_id_or_are_the_rows_numbers(
    names: str, row: str, ids: list[str]
) -> None:
    """In that order, and as they stand."""
    assert read(f"Preis;x;neu;Größe;{names}\n;;;;{row}")[0] == ids


def test_rows_are_numbered_from_0() -> None:
    """In whatever chunks they are read."""
    body = "Preis;x;neu;Größe\n" + "1;2;;\n" * 600
    ids, _ = parse_csv(body.encode(), VALIDATOR, 600, GERMAN)
    assert ids == [str(number) for number in range(600)]


def test_other_columns_are_refused() -> None:
    """Only those are ignored that training knew."""
    assert refuse(f"{HEADER};extra\n{LINE};1") == "Unexpected keys: 'extra'"
    assert (
        refuse("Preis;x;extra\n1;2;3") == "Missing keys: 'neu', 'Größe'. Unexpected keys: 'extra'"
    )


def test_a_name_in_another_normalization_is_pointed_out() -> None:
    """It looks the same to whoever reads the message."""
    decomposed = HEADER.replace("ö", "o\u0308")
    assert refuse(f"{decomposed}\n{LINE}") == (
        "Missing keys: 'Größe'. Unexpected keys: 'Gro\u0308ße'"
        " ('Größe' was sent in another Unicode normalization)"
    )


def test_row_names_without_a_name_are_read_as_in_training() -> None:
    """R writes a field more in each row than in the header."""
    rules = TableRules(Dialect("cp1252", ";", ",", row_names=True), "Kunde")
    assert read(f"{HEADER}\n1;{LINE}", rules) == (["7"], VALUES)
    assert read(f"{HEADER}\n{LINE}", rules) == (["7"], VALUES)
    assert refuse(f"{HEADER}\n1;{LINE}") == (
        "Request body is not valid CSV: row 0 has 7 fields, the header has 6."
    )


def test_bytes_of_no_known_encoding_are_refused() -> None:
    """The version's encoding has no such byte; or the body was said to be in UTF-8."""
    body = f"{HEADER}\n{LINE}".encode("cp1252")
    assert refuse(body + b";\x81") == (
        "Request body is not valid CSV: it is not UTF-8 and not cp1252."
    )
    assert refuse(body, GERMAN.in_utf_8()) == "Request body is not valid CSV: it is not UTF-8."


def test_a_header_that_begins_with_a_number_sign_is_no_comment() -> None:
    """If a column has that name."""
    validator = RowValidator([Feature("#x", "number")])
    body = b"# made by hand\n#x,id\n1,7"
    assert parse_csv(body, validator, 10) == (["7"], [[1.0]])
