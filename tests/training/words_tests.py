"""Texts: which words are learned, and that those that tell something are found again."""

from pathlib import Path

import pandas as pd
import pytest

from app.helpers.errors import InvalidDataset
from app.helpers.features import Feature
from app.settings import Settings
from app.store.trained_model import TrainedModel
from app.training.words import MAX_WORDS, choose_words
from tests.support.comments import LEAVE, STAY, comment_rows
from tests.support.tables import write_csv
from tests.support.training import Run, load_model


def text_weights(model: TrainedModel, name: str = "comment") -> dict[str, float]:
    """Return the weight of each word of a column of texts."""
    weights = model.manifest.weights
    assert weights is not None
    words = next(feature.words for feature in model.features if feature.name == name)
    return dict(zip(words, weights.texts[name].weights[0], strict=True))


def test_the_words_that_tell_are_found_again(
    run_training: Run, config: Settings, tmp_path: Path
) -> None:
    """Those that speak for leaving have the highest weights, those against it the lowest."""
    path = write_csv(tmp_path / "comments.csv", comment_rows(600))
    result = run_training(path, "--target", "left")
    assert float(result.stdout.splitlines()[-2]) > 0.9
    by_weight = text_weights(load_model(config))
    in_order = sorted(by_weight, key=by_weight.__getitem__)
    assert set(in_order[: len(STAY)]) == set(STAY)
    assert set(in_order[-len(LEAVE) :]) == set(LEAVE)


def test_a_column_of_texts_is_noted(run_training: Run, tmp_path: Path) -> None:
    """With the options that decide otherwise."""
    path = write_csv(tmp_path / "comments.csv", comment_rows(100))
    assert run_training(path, "--target", "left").stderr.splitlines()[0] == (
        "Note: Column 'comment' is read as text: the model learns from its words;"
        " --categorical comment makes each text a category, --drop comment leaves it out."
    )


@pytest.mark.parametrize("option", ["--drop", "--categorical"])
def test_options_decide_otherwise(
    option: str, run_training: Run, config: Settings, tmp_path: Path
) -> None:
    """The column is left out, or it is one of categories."""
    path = write_csv(tmp_path / "comments.csv", comment_rows(100))
    run_training(path, "--target", "left", option, "comment")
    types = {feature.name: feature.type for feature in load_model(config).features}
    assert types.get("comment") == (None if option == "--drop" else "category")


def test_rare_words_and_whole_texts_stay_private(
    run_training: Run, config: Settings, tmp_path: Path
) -> None:
    """A word of fewer than five rows is nowhere in the model file, and no text of the table is."""
    rows = comment_rows(200)
    for k, row in enumerate(rows):
        row["comment"] += f" secret{k // 4} anna.smith{k}@example.org"
    run_training(write_csv(tmp_path / "comments.csv", rows), "--target", "left")
    content = Path(config.models_root, "trained-model-v0.p").read_bytes()
    assert b"cancel" in content
    assert b"secret" not in content
    assert b"smith" not in content
    assert not any(row["comment"].encode() in content for row in rows)


def test_a_model_file_knows_what_its_texts_are_like(
    run_training: Run, config: Settings, tmp_path: Path
) -> None:
    """How long they usually are, how many are missing; and the typical one is made up."""
    rows = [
        {"comment": f"like it so very much, number{k}" if k % 4 else "", "left": k % 8 > 4}
        for k in range(40)
    ]
    run_training(write_csv(tmp_path / "comments.csv", rows), "--target", "left")
    (feature,) = load_model(config).features
    assert feature.nullable
    assert feature.missing == pytest.approx(0.25, abs=0.1)
    assert feature.median_words == 6
    assert feature.typical == "it like much so very"
    assert feature.words == ("it", "like", "much", "so", "very")


def test_texts_that_share_no_word_are_left_out(run_training: Run, tmp_path: Path) -> None:
    """There is nothing in them that could be seen again."""
    rows = [{"text": f"a{k} b{k} c{k} d{k}", "age": k * 7 % 41, "target": k % 2} for k in range(60)]
    result = run_training(write_csv(tmp_path / "codes.csv", rows))
    assert result.stderr.splitlines()[0] == (
        "Note: Column 'text' is left out: it has texts, but no word of them is in 5 rows;"
        " --categorical text keeps it."
    )


def test_a_training_set_without_a_frequent_word_is_warned_of(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The few rows that have one may all be in the validation set."""
    frame = pd.DataFrame({"text": ["a rare thing", "one more"], "x": [1.0, 2.0]})
    features = choose_words([Feature("text", "text"), Feature("x", "number")], frame)
    assert features == (Feature("text", "text"), Feature("x", "number"))
    assert capsys.readouterr().err == (
        "Warning: No word of column 'text' is in 5 rows of the training set, so it tells the model"
        " nothing; --drop text leaves it out.\n"
    )
    with pytest.raises(InvalidDataset) as refusal:
        choose_words([Feature("text", "text")], frame)
    assert str(refusal.value) == (
        "There is nothing to learn from: no word of column 'text' is in 5 rows of the training set."
    )


def test_the_vocabulary_is_bounded() -> None:
    """To the most frequent words, in an order that is always the same."""
    texts = [" ".join(f"w{k}" for k in range(n)) for n in (4000, 7000) for _ in range(5)]
    frame = pd.DataFrame({"text": [*texts, "x" * 65] * 2})
    ((words),) = (feature.words for feature in choose_words([Feature("text", "text")], frame))
    assert len(words) == MAX_WORDS
    assert set(words) > {f"w{k}" for k in range(4000)}
    assert words[4000:] == tuple(sorted(f"w{k}" for k in range(4000, 7000))[:1000])


def test_texts_too_long_for_requests_are_noted(run_training: Run, tmp_path: Path) -> None:
    """They are learned from all the same."""
    rows = comment_rows(100)
    rows[0]["comment"] += " long" * 2000
    notes = run_training(write_csv(tmp_path / "long.csv", rows), "--target", "left").stderr
    assert notes.splitlines()[1] == (
        "Note: 1 text in column 'comment' has more than 10,000 characters; requests with such a"
        " text are refused."
    )
