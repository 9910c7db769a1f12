"""Encodings: UTF-8 where it can be, Windows-1252 where the text is Western, else a refusal."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.helpers.errors import InvalidDataset
from app.tables.encoding import find_encoding, recode

WESTERN = [
    "plan;price\ngrößer;5\nStraße;6\n",
    "prénom,ville\nZoë,Orléans\n",
    "año,niño\n",
    "price\n5 €\n",
    "text\nit’s “good” – mostly\n",
    "namn\nÅsa\nÖrebro\n",
    "temperature in °C,speed in m²\n",
    "amount\n1\u00a0234\n",
    "cidade\nSão Paulo\nBrasília\n",
]
OTHERS = [
    ("żółć;Łódź;Kraków;święto\n", "cp1250"),
    ("Příliš žluťoučký kůň\n", "cp1250"),
    ("city\nМосква\nКазань\n", "cp1251"),
    ("город\nМосква\n", "koi8_r"),
    ("πόλη\nΑθήνα\n", "cp1253"),
    ("עיר\nשלום\n", "cp1255"),
    ("名前,都市\n東京,大阪\n", "shift_jis"),
    ("名字,城市\n北京,上海\n", "gb18030"),
    ("이름,도시\n서울,부산\n", "euc_kr"),
    ("größer;Straße für Käse\n", "cp850"),
    ("größer;Straße für Käse\n", "mac_roman"),
]


@given(st.text(), st.sampled_from(["", "\ufeff"]))
def test_utf_8_is_utf_8(text: str, mark: str) -> None:
    """With a byte order mark and without."""
    assert find_encoding(io.BytesIO(f"{mark}{text}".encode())) == "utf-8"


@given(st.text(st.characters(exclude_categories=["Cs"])), st.sampled_from(["le", "be"]))
def test_utf_16_is_known_by_its_mark(text: str, order: str) -> None:
    """And read as it was written, either way round."""
    file = io.BytesIO(f"\ufeff{text}".encode(f"utf-16-{order}"))
    assert find_encoding(file) == "utf-16"
    with recode(file, "utf-16") as recoded:
        recoded.seek(0)
        assert recoded.read().decode() == text


@pytest.mark.parametrize("text", WESTERN)
def test_western_text_is_windows_1252(text: str) -> None:
    """However little of it is beyond ASCII."""
    file = io.BytesIO(text.encode("cp1252"))
    assert find_encoding(file) == "cp1252"
    with recode(file, "cp1252") as recoded:
        recoded.seek(0)
        assert recoded.read().decode() == text


@pytest.mark.parametrize(("text", "encoding"), OTHERS)
def test_other_text_is_refused_and_not_guessed(text: str, encoding: str) -> None:
    """The line is named, and the option that says what the file is."""
    content = b"plain,line\n" + text.encode(encoding)
    lines = content.split(b"\n")
    number = next(n for n, line in enumerate(lines, start=1) if not line.isascii())
    with pytest.raises(InvalidDataset) as refusal:
        find_encoding(io.BytesIO(content))
    assert str(refusal.value) == (
        f"Line {number} is not UTF-8; save the file as UTF-8 text, or name its encoding with"
        " --encoding, such as --encoding cp1252."
    )


def test_a_damaged_utf_8_file_is_not_taken_for_windows_1252() -> None:
    """One good sequence of UTF-8 is enough."""
    with pytest.raises(InvalidDataset, match=r"^Line 2 is not UTF-8;"):
        find_encoding(io.BytesIO("Köln\n".encode() + "Münster\n".encode("cp1252")))


def test_a_text_of_another_encoding_than_named_is_refused_by_line() -> None:
    """Half a character at the end of a line."""
    with pytest.raises(InvalidDataset) as refusal:
        recode(io.BytesIO("東京\n大阪\n".encode("shift_jis") + b"\x81"), "shift_jis")
    assert str(refusal.value) == (
        "Line 3 is not SHIFT_JIS; name the file's encoding with --encoding."
    )
