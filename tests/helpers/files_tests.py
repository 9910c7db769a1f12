"""A version id and its file name are made from each other; nothing else passes for either."""

import os
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.helpers.errors import InvalidVersionId
from app.helpers.files import FILENAME_PATTERN, make_filename, parse_version_id, version_number


@pytest.mark.parametrize(
    ("version_id", "filename"),
    [
        ("v0", "trained-model-v0.p"),
        ("v12", "trained-model-v12.p"),
        ("v999999999", "trained-model-v999999999.p"),
    ],
)
def test_a_version_id_and_its_file_name(version_id: str, filename: str) -> None:
    """Each is made from the other."""
    assert make_filename(version_id) == filename
    assert parse_version_id(filename) == version_id


NO_VERSION_IDS = [
    "",
    "v",
    "0",
    "V0",
    "vv0",
    "v-1",
    "v+1",
    "v1.0",
    "v1_0",
    "v 1",
    " v1",
    "v1 ",
    "v0\n",
    "\nv0",
    "v0\0",
    "v00",
    "v01",
    "v1000000000",  # 10 digits
    "v١",
    "v1١",
    "v1１",
    "v１",
    "v²",
    "latest",
    "../v0",
    "v0/../v1",
    "v" + "9" * 100_000,
]


@pytest.mark.parametrize("version_id", NO_VERSION_IDS)
def test_what_is_no_version_id_has_no_file_name(version_id: str) -> None:
    """Line ends, other alphabets' digits, leading zeros, ten digits and paths are refused."""
    with pytest.raises(InvalidVersionId):
        make_filename(version_id)
    with pytest.raises(InvalidVersionId):
        parse_version_id(f"trained-model-{version_id}.p")


@pytest.mark.parametrize(
    "filename",
    [
        "",
        "v0",
        "trained-model-v0",
        "trained-model-v0.p\n",
        "trained-model-v0.pkl",
        "trained-model-v0xp",
        "trained-model-v0.p.gz",
        ".trained-model-v0.p.0123456789abcdef.tmp",
        "a/trained-model-v0.p",
        "Trained-model-v0.p",
    ],
)
def test_what_is_no_models_file_name_has_no_version(filename: str) -> None:
    """Only the whole name counts."""
    with pytest.raises(InvalidVersionId):
        parse_version_id(filename)
    assert not re.fullmatch(FILENAME_PATTERN, filename)


def test_a_wrong_version_id_is_told_so() -> None:
    """The message shows it, escaped, and what would be right."""
    with pytest.raises(InvalidVersionId) as caught:
        make_filename("v0\n")
    assert str(caught.value) == (
        r"'v0\n' is not a valid version id; valid are v0, v1, v2 and so on."
    )
    with pytest.raises(InvalidVersionId) as caught:
        parse_version_id("model.p")
    assert str(caught.value) == "'model.p' is not the name of a trained model."


@settings(deadline=None)
@given(st.integers(0, 999_999_999))
def test_every_number_of_nine_digits_makes_a_version(number: int) -> None:
    """Its id, its file name and the number itself tell the same."""
    version_id = f"v{number}"
    assert parse_version_id(make_filename(version_id)) == version_id
    assert version_number(version_id) == number


@settings(deadline=None)
@given(st.one_of(st.text(), st.from_regex(r"v\d+\s?"), st.from_regex(r"\Av\d{1,11}\s?\Z")))
def test_every_text_is_refused_or_comes_back(text: str) -> None:
    """A version id is `v` and the number's one way to be written; nothing else passes."""
    try:
        filename = make_filename(text)
    except InvalidVersionId:
        assert not re.fullmatch("v(0|[1-9][0-9]{0,8})", text)
    else:
        assert parse_version_id(filename) == text == f"v{int(text[1:])}"
        assert os.path.basename(filename) == filename.encode("ascii").decode()


def test_versions_are_in_the_order_of_their_numbers() -> None:
    """v10 comes after v9."""
    assert sorted(["v10", "v9", "v0", "v100"], key=version_number) == ["v0", "v9", "v10", "v100"]
