"""What is said when clients of the version before would notice that there is a new one."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from app.helpers.features import Feature, Format
from app.settings import Settings
from app.store.manifest import Manifest
from app.store.parameters import Parameters
from app.store.target_numbers import TargetNumbers
from app.store.training_data import LeftOutColumn
from app.tables.columns import Columns
from app.training.continuity import changes
from tests.support.csv_files import mixed_rows, write_csv
from tests.support.manifests import UNTRAINED
from tests.support.training import noted, train

AGE = Feature("age", "number", nullable=True, format=Format(unit="$"))
CITY = Feature("city", "category", categories=("Bonn", "Köln", "Ulm"))
OPEN_CITY = replace(CITY, open=True, categories=("Bonn",))
ON = Feature("on", "boolean")
SINCE = Feature("since", "date")
EUROPEAN = Format(decimal=",", thousands=".")


def manifest_of(*features: Feature, **fields: Any) -> Manifest:
    """Return the manifest of a model that tells yes from no, unless the fields say otherwise."""
    known = {"classes": ("no", "yes"), "positive_class": "yes", "self_check": (), "libraries": {}}
    return Manifest(**{**UNTRAINED, **known, "version": "v0", "features": features, **fields})


def numbers_in(unit: str) -> TargetNumbers:
    """Return a target of numbers in that unit."""
    return TargetNumbers((0.0, 1.0), unit)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ([AGE, ON, CITY], [CITY], "columns 'age', 'on' are no longer keys"),
        ([ON], [ON, AGE], "column 'age' is a new key"),
        ([CITY], [replace(AGE, name="city")], "column 'city' takes numbers instead of categories"),
        ([AGE], [replace(AGE, nullable=False)], "column 'age' no longer takes null"),
        (
            [CITY],
            [replace(CITY, categories=("Bonn",))],
            "column 'city' no longer takes 'Köln', 'Ulm'",
        ),
        ([OPEN_CITY], [CITY], "column 'city' no longer takes new categories"),
        (
            [AGE],
            [replace(AGE, format=Format(unit="€"))],
            "column 'age' is now in €, no longer in $",
        ),
        ([AGE], [replace(AGE, format=Format())], "column 'age' is no longer in $"),
        (
            [replace(AGE, format=EUROPEAN)],
            [replace(AGE, format=Format())],
            "'0,5' in column 'age' of a CSV is no longer read as 0.5",
        ),
        (
            [replace(AGE, format=Format(thousands=","))],
            [replace(AGE, format=Format(decimal=","))],
            "'1,234' in column 'age' of a CSV is no longer read as 1234.0",
        ),
        (
            [replace(SINCE, format=Format(date="%d/%m/%Y"))],
            [replace(SINCE, format=Format(date="%m/%d/%Y"))],
            "'02/03/2024' in column 'since' of a CSV is no longer read as 2024-03-02",
        ),
        (
            [replace(each, format=Format(missing=("-9",))) for each in (ON, CITY)],
            [ON, CITY],
            "'-9' in columns 'on', 'city' of a CSV is no longer read as missing",
        ),
    ],
)
def test_what_breaks_a_row_is_a_change(
    old: list[Feature], new: list[Feature], expected: str
) -> None:
    """Each in a clause of its own."""
    assert changes(manifest_of(*old), manifest_of(*new)) == [expected]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (ON, replace(ON, nullable=True)),
        (CITY, replace(CITY, categories=("Bonn", "Köln", "Rom", "Ulm"))),
        (CITY, OPEN_CITY),
        (OPEN_CITY, replace(OPEN_CITY, categories=("Rom",))),
        (CITY, Feature("city", "text")),
        (AGE, replace(AGE, format=Format(unit="$", thousands=","))),
        (AGE, replace(AGE, minimum=1.0, maximum=2.0, mean=1.5, typical=1.5, missing=0.5)),
    ],
)
def test_what_widens_a_row_is_no_change(old: Feature, new: Feature) -> None:
    """All that clients sent is still accepted, and still means the same."""
    assert changes(manifest_of(old), manifest_of(new)) == []


def chosen_for(rule: str) -> Parameters:
    """Return the parameters of a version whose threshold was chosen."""
    parameters: Parameters = UNTRAINED["parameters"]
    return replace(parameters, threshold_for=rule)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ({}, {"target": "left"}, ["'left' is predicted instead of 'target'"]),
        (
            {},
            {"classes": (), "positive_class": None, "task": "regression"},
            ["a number is predicted instead of classes"],
        ),
        (
            {"classes": (), "positive_class": None, "task": "regression"},
            {},
            ["classes are predicted instead of a number"],
        ),
        (
            {},
            {"positive_class": "no"},
            ["the prediction is that of 'no' instead of that of 'yes'"],
        ),
        (
            {},
            {"threshold": 0.3},
            ["label 'yes' needs a probability of 0.3 instead of 0.5"],
        ),
        (
            {"parameters": chosen_for("recall=0.8"), "threshold": 0.2},
            {"parameters": chosen_for("recall=0.8"), "threshold": 0.3},
            [],
        ),
        (
            {"classes": ("maybe", "no", "yes"), "positive_class": None},
            {},
            [
                "class 'maybe' is gone",
                "the prediction is that of 'yes' instead of one probability for each class",
            ],
        ),
        (
            {"classes": ("a", "b", "c"), "positive_class": None},
            {"classes": ("a", "d", "e"), "positive_class": None},
            ["classes 'b', 'c' are gone", "classes 'd', 'e' are new"],
        ),
        (
            {"task": "regression", "numbers": numbers_in("$")},
            {"task": "regression", "numbers": numbers_in("")},
            ["the prediction is no longer in $"],
        ),
    ],
)
def test_what_is_predicted_otherwise_is_a_change(
    old: dict[str, Any], new: dict[str, Any], expected: list[str]
) -> None:
    """Whatever the row looks like."""
    assert changes(manifest_of(AGE, **old), manifest_of(AGE, **new)) == expected


def test_a_column_that_is_no_longer_ignored_is_a_change() -> None:
    """Clients that send whole rows of the old file would be refused."""
    data = replace(UNTRAINED["training_data"], columns_left_out=(LeftOutColumn("né", "it is"),))
    old, new = manifest_of(AGE, training_data=data), manifest_of(AGE)
    assert changes(old, new) == ["column 'né' is no longer ignored"]
    assert changes(new, old) == []
    assert changes(old, manifest_of(AGE, replace(ON, name="né"))) == ["column 'né' is a new key"]


def test_another_column_of_ids_leaves_the_key_id_as_it_is() -> None:
    """On the wire the id is always called `id`, whatever column --id names."""
    parameters = replace(UNTRAINED["parameters"], columns=Columns(id="customer"))
    assert changes(manifest_of(AGE), manifest_of(AGE, parameters=parameters)) == []


def write_mixed(directory: Path, **changed: Any) -> str:
    """Write rows of the columns height, best, colour, cheap, zip, tall; a value fills a column."""
    header = ["height", "best", "colour", "cheap", "zip", "tall"]
    rows = [dict(zip(header, row, strict=True)) | changed for row in mixed_rows()]
    return str(write_csv(directory / "mixed.csv", [header, *([*row.values()] for row in rows)]))


def warnings_of(capsys: pytest.CaptureFixture[str]) -> list[str]:
    """Return the warnings printed since the last call."""
    lines = noted(capsys.readouterr().err).splitlines()
    return [line for line in lines if line.startswith("Warning: ")]


def test_training_again_on_the_same_file_says_nothing(
    tmp_path: Path, config: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    """Neither when it replaces a version nor when it adds one."""
    path = write_mixed(tmp_path)
    for version in ("v0", "v0", "v1"):
        train(path, version, columns=Columns("tall"), config=config)
    assert warnings_of(capsys) == []


def test_replacing_a_version_tells_what_changes(
    tmp_path: Path, config: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    """In one line, with the option that prevents it."""
    train(write_mixed(tmp_path), "v3", columns=Columns("tall"), config=config)
    train(write_mixed(tmp_path, colour="rot"), "v3", columns=Columns("tall"), config=config)
    assert warnings_of(capsys) == [
        "Warning: v3 no longer answers as before: column 'colour' is no longer a key."
        " --like v3 would have kept the old row and answer."
    ]


def test_a_version_that_was_trained_like_the_old_one_gets_no_advice_to_do_so(
    tmp_path: Path, config: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    """Only another threshold may differ then, since somebody asked for it."""
    path = write_mixed(tmp_path)
    train(path, "v3", columns=Columns("tall"), config=config)
    train(path, "v3", like="v3", threshold=0.3, config=config)
    assert warnings_of(capsys) == [
        "Warning: v3 no longer answers as before: label 'tall' needs a probability of 0.3"
        " instead of 0.5."
    ]


def test_a_new_latest_version_tells_what_changes(
    tmp_path: Path, config: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    """Compared with the version that is the latest now; an older one affects nobody."""
    old, new = write_mixed(tmp_path), tmp_path / "new"
    new.mkdir()
    train(old, "v2", columns=Columns("tall"), config=config)
    train(write_mixed(new, height=1), "v1", columns=Columns("tall"), config=config)
    assert warnings_of(capsys) == []
    train(write_mixed(new, height=1), "v10", columns=Columns("tall"), config=config)
    assert warnings_of(capsys) == [
        "Warning: v10 becomes the latest and does not answer as v2 does: column 'height' is no"
        " longer a key. --like v2 keeps the old row and answer."
    ]


def test_another_target_of_the_latest_version_is_told_alone(
    tmp_path: Path, config: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nobody expects the same row then."""
    path = write_mixed(tmp_path)
    train(path, "v0", columns=Columns("tall"), config=config)
    train(path, "v1", columns=Columns("zip", drop=["tall"]), config=config)
    assert warnings_of(capsys) == [
        "Warning: v1 becomes the latest and predicts 'zip'; v0 predicts 'tall'."
    ]


def test_a_version_that_cannot_be_read_is_no_predecessor(
    tmp_path: Path, config: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    """It has no clients: it is not served either."""
    train(write_mixed(tmp_path), "v0", columns=Columns("tall"), config=config)
    foreign = replace(config, model_signing_key="another key of thirty-two bytes or more")
    train(write_mixed(tmp_path, height=1), "v0", columns=Columns("tall"), config=foreign)
    assert warnings_of(capsys) == []
