"""Which layouts of a CSV body are read, and how the others are refused."""

import pytest

from app.helpers.errors import InvalidPayload
from tests.support.payloads import FEATURES, HEADER, LINE, X_AND_COLOR, parse, refuse_csv


@pytest.mark.parametrize(
    "text",
    [
        f"{HEADER}\n{LINE}\n{LINE}\n",
        f"{HEADER}\n{LINE}\n{LINE}",
        f"{HEADER}\r\n{LINE}\r\n{LINE}\r\n",
        f"{HEADER}\r{LINE}\r{LINE}\r",
        f"{HEADER}\n{LINE}\r\n{LINE}\r",
        f"{HEADER}\n{LINE}\n{LINE}\n\n\r\n\r\n\n",
        f"\ufeff{HEADER}\n{LINE}\n{LINE}\n",
        f'\ufeff"id"{HEADER[2:]}\n"7"{LINE[1:]}\n{LINE}\n',
        f'"id"{HEADER[2:]}\r\n"7"{LINE[1:]}\r\n{LINE}\r\n',
        f'"id"{HEADER[2:]}\r"7"{LINE[1:]}\r{LINE}\r\r\r',
        "shape,color,paid,member,y,x,id\n,red,,TRUE,,1.5,7\n,red,,true,,15e-1,7",
        "id,x,y,member,paid,color,shape,x\n7,bad,,true,,red,,1.5\n7,,,true,,red,,1.5",
        f"{HEADER.replace(',', ' , ')}\n{LINE}\n7, 1.5,, true ,,red ,",
        f'{HEADER}\n{LINE}\n7, "1.5", "",true,"", "red",',
        f",{HEADER},\n1,{LINE},x\n2,{LINE},",
        f"{HEADER}\n{LINE},\n{LINE}, ",
        f"# made by hand\n#\n\n{HEADER}\n{LINE}\n{LINE}",
        f"sep=,\r\n{HEADER}\r\n{LINE}\r\n{LINE}",
        f"sep=;\n{HEADER};\n{LINE};\n{LINE};".replace(",", ";").replace("sep=;;", "sep=;"),
    ],
    ids=[
        "LF", "none at the end", "CRLF", "CR", "mixed", "blank lines at the end", "BOM",
        "BOM and quotes", "quotes and CRLF", "quotes and CR", "another order",
        "of a name given twice the last counts", "spaces", "spaces before quotes",
        "columns without a name", "rows that end with a comma", "comments", "a sep= line",
        "a sep= line with a semicolon",
    ],
)  # fmt: skip
def test_layouts_of_one_table(text: str) -> None:
    """All say the same."""
    ids, columns = parse(text)
    assert ids == ["7", "7"]
    assert columns == [[1.5, 1.5], [None] * 2, [True] * 2, [None] * 2, ["red"] * 2, [None] * 2]


def test_a_header_alone_has_no_rows() -> None:
    """As an empty array has none."""
    for text in (HEADER, f"{HEADER}\n", f"{HEADER}\r\n\r\n", f'"id"{HEADER[2:]}\n'):
        assert parse(text, max_rows=0) == ([], [[] for _ in FEATURES])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "Request body is not valid CSV: the header is missing."),
        ("\ufeff", "Request body is not valid CSV: the header is missing."),
        ("\r\n\n", "Request body is not valid CSV: the header is missing."),
        (f"\n{HEADER}\n{LINE}", "Request body is not valid CSV: the header is missing."),
        (f'\n"id"{HEADER[2:]}', "Request body is not valid CSV: the header is missing."),
        ("id,x", "Missing keys: 'y', 'member', 'paid', 'color', 'shape'"),
        ("x", "Missing keys: 'y', 'member', 'paid', 'color', 'shape'"),
        *(
            (
                f"sep={sign}\r\n{HEADER}\n{LINE}",
                "Missing keys: 'x', 'y', 'member', 'paid', 'color', 'shape'."
                f" Unexpected keys: 'sep={sign}'",
            )
            for sign in ("", '"', "a", " ;", "\u00a7")
        ),
        (f"{HEADER},z,\n{LINE}", "Unexpected keys: 'z'"),
        (f"{HEADER},z,z\n{LINE},1,2", "Unexpected keys: 'z'"),
        (
            HEADER.replace("paid", "Paid"),
            "Missing keys: 'paid'. Unexpected keys: 'Paid'",
        ),
        (HEADER.replace(",", ";"), "Missing keys: 'x', 'y', 'member', 'paid', 'color',"
         " 'shape'. Unexpected keys: 'id;x;y;member;paid;color;shape'"),
        (
            f"{HEADER}\n{LINE},\n{LINE},\n{LINE},x",
            "Request body is not valid CSV: row 2 has 8 fields, the header has 7.",
        ),
        (
            f"{HEADER}\n{LINE}\n{LINE},\n{LINE}",
            "Request body is not valid CSV: row 1 has 8 fields, the header has 7.",
        ),
        (
            f"{HEADER}\n1,2\n{LINE},",
            "Request body is not valid CSV: row 0 has 2 fields, the header has 7.",
        ),
        (
            f"{HEADER}\n{LINE}\n\n{LINE}",
            "Request body is not valid CSV: row 1 has 0 fields, the header has 7.",
        ),
        (
            f'{HEADER}\n{LINE}\n"7"{LINE[1:]}\n\n{LINE}',
            "Request body is not valid CSV: row 2 has 0 fields, the header has 7.",
        ),
        (
            f"{HEADER}\n{LINE}\n \n",
            "Request body is not valid CSV: row 1 has 1 fields, the header has 7.",
        ),
        (
            f'{HEADER}\n"secret',
            "Request body is not valid CSV: unexpected end of data.",
        ),
        (
            f'{HEADER}\n"secret"secret,1',
            "Request body is not valid CSV: ',' expected after '\"'.",
        ),
        (
            f'{HEADER}\n"{"s" * 131_073}",1',
            "Request body is not valid CSV: field larger than field limit (131072).",
        ),
    ],
    ids=str,
)  # fmt: skip
def test_what_is_no_csv_is_refused_with_the_reason(text: str, message: str) -> None:
    """Rows count from 0, and what stands there is not shown."""
    assert refuse_csv(text) == message


@pytest.mark.parametrize(
    "body",
    [b"id,x\n\xff,1", HEADER.encode("utf-16"), b"id,x\n\xed\xa0\x80,1", "id,ä".encode("latin-1")],
)
def test_a_csv_is_utf_8(body: bytes) -> None:
    """Nothing else is guessed."""
    assert refuse_csv(body) == "Request body is not valid CSV: it is not UTF-8."


def test_all_rows_of_a_csv_that_are_wrong_are_counted() -> None:
    """With the messages of a JSON array."""
    lines = [HEADER, LINE, "8,a,b,c,d,e,f", LINE, ",1e16,,,,,", LINE]
    with pytest.raises(InvalidPayload) as caught:
        parse("\n".join(lines))
    assert str(caught.value) == "2 of 5 rows are invalid."
    assert caught.value.errors == [
        {
            "row": 1,
            "message": "Invalid values: 'x' must be a number, 'y' must be a number or null,"
            " 'member' must be a boolean, 'paid' must be a boolean or null, 'color' must be one of"
            " 'red', 'green, light', 'NA', 'shape' must be one of 'round', '\"square\"',"
            r" 'two\nlines' or null",
        },
        {
            "row": 3,
            "message": "Invalid values: 'id' must be a string of at most 256 characters or an"
            " integer between -9007199254740991 and 9007199254740991, 'x' must be between -1e+15"
            " and 1e+15, 'member' must be a boolean, 'color' must be one of 'red', 'green, light',"
            " 'NA'",
        },
    ]


def test_many_rows_stay_in_order() -> None:
    """Across whatever chunks they are read in, with a wrong one anywhere."""
    lines = [f"{number},{number / 8},{'red' if number % 3 else 'NA'}" for number in range(1500)]
    text = "\n".join(["id,x,color", *lines])
    ids, columns = parse(text, X_AND_COLOR, 1500)
    assert ids == [str(number) for number in range(1500)]
    assert columns[0] == [number / 8 for number in range(1500)]
    assert columns[1] == ["red" if number % 3 else "NA" for number in range(1500)]
    for place in (0, 255, 256, 257, 1024, 1499):
        for wrong, message in (
            (f"{place},x,red", "1 of 1500 rows are invalid."),
            (
                f"{place},1",
                f"Request body is not valid CSV: row {place} has 2 fields, the header has 3.",
            ),
        ):
            with pytest.raises(InvalidPayload) as caught:
                parse(
                    "\n".join(["id,x,color", *lines[:place], wrong, *lines[place + 1 :]]),
                    X_AND_COLOR,
                    1500,
                )
            assert str(caught.value) == message
            assert [error["row"] for error in caught.value.errors] in ([], [place])
