"""Which columns become features, and which texts become labels, categories and gaps."""

from pathlib import Path

import pytest

from app.settings import Settings
from tests.support.csv_files import base_rows, with_column, write_csv
from tests.support.training import Run, noted, read_manifest


@pytest.mark.parametrize(
    ("labels", "classes"),
    [
        (["10", "2"], ("2", "10")),
        (["10", "-2"], ("-2", "10")),
        (["True", "False"], ("False", "True")),
        (["yes, sir", "nö"], ("nö", "yes, sir")),
        (["日本", 'a "b"', "c\nd"], ('a "b"', "c\nd", "日本")),
        (["none", "None"], ("None", "none")),
        (["1e400", "-inf"], ("-inf", "1e400")),
    ],
)
def test_labels_may_be_anything(
    labels: list[str], classes: tuple[str, ...], run_training: Run, config: Settings, tmp_path: Path
) -> None:
    """They are texts, in order of their value if all are numbers; the last of two is positive."""
    rows = [[i % 5, labels[i % len(labels)]] for i in range(30)]
    result = run_training(write_csv(tmp_path / "labels.csv", [["x", "target"], *rows]))
    assert (noted(result.stderr), result.exit_code) == ("", 0)
    manifest = read_manifest(config)
    assert manifest.classes == classes
    assert manifest.positive_class == (classes[-1] if len(classes) == 2 else None)


def test_an_id_column_is_never_a_feature(
    run_training: Run, config: Settings, tmp_path: Path
) -> None:
    """`id` is left out unasked, another with --id; neither need look like anything."""
    rows = [[f"row {i}", *row] for i, row in enumerate(base_rows()[1:])]
    by_default = write_csv(tmp_path / "id.csv", [["id", "x", "letter", "target"], *rows])
    by_option = write_csv(tmp_path / "name.csv", [["name", "x", "letter", "target"], *rows])
    run_training(by_default, version="v1")
    run_training(by_option, "--id", "name", version="v2")
    for version in ("v1", "v2"):
        assert [f.name for f in read_manifest(config, version).features] == ["x", "letter"]


def test_a_token_means_missing_wherever_it_is_all_of_a_field(
    run_training: Run, config: Settings, tmp_path: Path
) -> None:
    """In numbers, booleans and categories alike."""
    rows = [[i % 7, i % 2 == 0, "ab"[i % 2], i // 20] for i in range(40)]
    for column, token in enumerate(["-999", "?", "not known"]):
        rows[column + 3][column] = token
    path = write_csv(tmp_path / "tokens.csv", [["n", "b", "c", "target"], *rows])
    result = run_training(path, *("--missing", "-999", "--missing", "?", "--missing", "not known"))
    assert (noted(result.stderr), result.exit_code) == ("", 0)
    n, b, c = read_manifest(config).features
    assert [n.type, b.type, c.type] == ["number", "boolean", "category"]
    assert [n.nullable, b.nullable, c.nullable] == [True, True, True]
    assert n.minimum == 0.0
    assert c.categories == ("a", "b")


def test_half_of_the_texts_may_differ(run_training: Run, config: Settings, tmp_path: Path) -> None:
    """Four categories in eight rows are categories, and some numbers among them are texts."""
    path = tmp_path / "half.csv"
    path.write_bytes(with_column("name", ["1", "b", "c", "d"] * 2))
    assert run_training(path).exit_code == 0
    assert read_manifest(config).features[0].categories == ("1", "b", "c", "d")


def test_declared_categories_may_name_rows(
    run_training: Run, config: Settings, tmp_path: Path
) -> None:
    """What is refused as an identifier is kept by --categorical, as the message says."""
    path = tmp_path / "named.csv"
    path.write_bytes(with_column("name", [f"n {i}" for i in range(8)]))
    assert run_training(path, "--categorical", "name").exit_code == 0
    assert len(read_manifest(config).features[0].categories) == 8
