"""What is no model, or does not fit the example, is refused in one line; nothing is published."""

import os
import platform
from collections.abc import Callable
from pathlib import Path
from typing import Any

import joblib
import pandas as pd
import pytest
from sklearn.cluster import KMeans
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder
from sklearn.svm import LinearSVC
from sklearn.tree import DecisionTreeClassifier

from app.store.pickling import to_pickle
from tests.support.foreign import (
    CLASSIFIERS,
    REGRESSORS,
    Crashes,
    Moody,
    Silent,
    TakesArrays,
    write_example,
)
from tests.support.model_files import LeavesMark, Raises
from tests.support.published import publish, refusal
from tests.support.training import Run

Refused = Callable[..., str]


@pytest.fixture
def example(tmp_path: Path) -> pd.DataFrame:
    """The rows of the example, which is written beside the pickles."""
    return write_example(tmp_path / "rows.csv")


@pytest.fixture
def refused(run_versions: Run, models_root: Path, tmp_path: Path, example: pd.DataFrame) -> Refused:
    """Adopting this file as v8 must be refused: refused(path, *options) is the message."""

    def refused(path: Path, *options: str, target: str = "left") -> str:
        arguments = (str(path), "v8", "--example", str(tmp_path / "rows.csv"), "--target", target)
        line = refusal(run_versions("adopt", *arguments, "--trust", *options))
        assert os.listdir(models_root) == []
        return line.removeprefix("Error: ").replace(f"{tmp_path}/", "")

    return refused


def dump(value: Any, tmp_path: Path) -> Path:
    """Pickle something; return where it is."""
    path = tmp_path / "model.pkl"
    joblib.dump(value, path)
    return path


def test_nothing_is_loaded_without_trust(
    run_versions: Run, models_root: Path, tmp_path: Path, example: pd.DataFrame
) -> None:
    """The message says what loading would do, and how to say that this is wanted."""
    mark = tmp_path / "mark"
    path = dump(LeavesMark(mark), tmp_path)
    arguments = ("adopt", str(path), "v8", "--example", str(tmp_path / "rows.csv"))
    assert refusal(run_versions(*arguments)) == (
        "Error: Loading a pickle runs whatever code is in it; if you trust whoever made"
        f" '{path}', say --trust."
    )
    assert not mark.exists()
    assert refusal(run_versions(*arguments, "--trust")) == (
        f"Error: '{path}' holds a NoneType, which is no classifier and no regressor."
    )
    assert mark.exists()
    assert os.listdir(models_root) == []


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda frame: {"model": 1}, "holds a dict, which is no classifier and no regressor."),
        (
            lambda frame: LogisticRegression,
            "holds a type, which is no classifier and no regressor.",
        ),
        (lambda frame: Raises(ValueError), "cannot be loaded: ValueError: on purpose."),
        (lambda frame: Raises(SystemExit), "cannot be loaded: SystemExit: on purpose."),
    ],
)
def test_what_is_no_model_is_refused(
    make: Callable[[pd.DataFrame], Any],
    message: str,
    refused: Refused,
    tmp_path: Path,
    example: pd.DataFrame,
) -> None:
    """By what it is."""
    assert refused(dump(make(example), tmp_path)) == f"'model.pkl' {message}"


def test_what_is_no_pickle_is_refused(refused: Refused, tmp_path: Path) -> None:
    """Nothing, a directory, a FIFO, a text, half a pickle, and a file larger than the memory."""
    path = tmp_path / "model.pkl"
    assert refused(path) == "'model.pkl' cannot be read: No such file or directory."
    path.mkdir()
    assert refused(path) == "'model.pkl' is not a regular file."
    path.rmdir()
    os.mkfifo(path)
    assert refused(path) == "'model.pkl' is not a regular file."
    path.unlink()
    path.write_text("id,x\n1,2\n")
    assert refused(path).startswith("'model.pkl' cannot be loaded: ")
    whole = dump(list(range(1000)), tmp_path).read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    assert refused(path).startswith("'model.pkl' cannot be loaded: ")
    with path.open("wb") as file:
        file.truncate(2**42)
    assert refused(path) == "'model.pkl' is larger than the memory of this machine."


def pipeline(frame: pd.DataFrame, model: Any) -> Any:
    """Return a pipeline of the colors alone."""
    return make_pipeline(OneHotEncoder(), model).fit(frame[["color"]], frame["left"])


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda frame: pipeline(frame, LinearSVC()),
            "The Pipeline in 'model.pkl' has no predict_proba, and is no regressor. Around a"
            " classifier, CalibratedClassifierCV adds it.",
        ),
        (
            lambda frame: DecisionTreeClassifier().fit(frame[["b"]], frame[["left", "flag"]]),
            "The DecisionTreeClassifier in 'model.pkl' predicts several columns, not one.",
        ),
        (
            lambda frame: KMeans(2, n_init=1).fit(frame[["b"]]),
            "The KMeans in 'model.pkl' has no predict_proba, and is no regressor. Around a"
            " classifier, CalibratedClassifierCV adds it.",
        ),
        (
            lambda frame: LogisticRegression().fit(frame[["b"]].to_numpy(), frame["left"]),
            "The estimator takes 1 column, and the example has 6 beside the target and the id:"
            " 'b', 'color', 'flag', 'seen', 'a', 'amount'.",
        ),
        (
            lambda frame: LogisticRegression().fit(
                frame[["b"]].rename(columns={"b": "c"}), frame["left"]
            ),
            "The estimator takes 'c', which the example lacks; the target, the id and --drop do"
            " not count.",
        ),
        (
            lambda frame: LogisticRegression().fit(frame[["b"]], frame["flag"]),
            "The estimator knows the classes 'no', 'yes'; column 'left' has 'goes', 'stays'.",
        ),
        (
            lambda frame: LogisticRegression().fit(frame[["b", "a"]].fillna(0.0), frame["left"]),
            "The LogisticRegression does not take the rows of the example: ValueError: Input X"
            " contains NaN.",
        ),
        (
            lambda frame: Silent(),
            "The Silent gives NaN or infinity for some rows of the example.",
        ),
    ],
)
def test_an_estimator_that_does_not_fit_the_example_is_refused(
    make: Callable[[pd.DataFrame], Any],
    message: str,
    refused: Refused,
    tmp_path: Path,
    example: pd.DataFrame,
) -> None:
    """With what it takes, and what there is."""
    assert refused(dump(make(example), tmp_path)) == message


def test_an_estimator_that_is_not_fitted_is_refused(refused: Refused, tmp_path: Path) -> None:
    """It says so itself."""
    left_out = [f"--drop={name}" for name in ("color", "flag", "seen", "amount", "a")]
    assert refused(dump(LogisticRegression(), tmp_path), *left_out) == (
        "The LogisticRegression does not take the rows of the example: NotFittedError: This"
        " LogisticRegression instance is not fitted yet."
    )


def test_an_estimator_that_fails_on_made_up_rows_is_refused(
    run_versions: Run, models_root: Path, tmp_path: Path, example: pd.DataFrame
) -> None:
    """However late it fails, nothing is published, and no figure is printed."""
    path = dump(Moody(), tmp_path)
    arguments = ("adopt", str(path), "v8", "--example", f"{tmp_path}/rows.csv", "--target", "left")
    result = run_versions(*arguments, "--trust")
    assert (result.exit_code, result.stdout) == (2, "")
    expected = "Error: The Moody fails: ValueError: not a few rows."
    assert result.stderr.splitlines()[-1] == expected
    assert os.listdir(models_root) == []


def test_code_that_crashes_is_refused(refused: Refused, tmp_path: Path) -> None:
    """As that of another Python does, when it is called."""
    path = tmp_path / "model.pkl"
    path.write_bytes(to_pickle(Crashes()))
    assert refused(path) == (
        f"The Crashes crashes Python {platform.python_version()}: its pickle holds code, probably"
        " of another Python."
    )


def test_a_column_that_pandas_reads_otherwise_is_refused(
    refused: Refused, tmp_path: Path, example: pd.DataFrame
) -> None:
    """Silently, the estimator would never find the levels that it knows."""
    example["color"] = [("01067", "04109", "80331")[len(color) % 3] for color in example["color"]]
    example.to_csv(tmp_path / "rows.csv", index=False)
    example = pd.read_csv(tmp_path / "rows.csv")
    estimator = make_pipeline(OneHotEncoder(handle_unknown="ignore"), LogisticRegression())
    estimator.fit(example[["color"]], example["left"])
    message = refused(dump(estimator, tmp_path))
    assert message.startswith("The estimator predicts something else if column 'color' is read as")


def test_the_target_must_fit_the_estimator(
    refused: Refused, tmp_path: Path, example: pd.DataFrame
) -> None:
    """A regressor predicts numbers."""
    path = dump(REGRESSORS["ridge"](example), tmp_path)
    assert refused(path) == (
        "Column 'left' does not hold numbers but 'goes', 'stays'; --task regression needs numbers."
    )


def test_a_misspelled_target_is_refused(
    refused: Refused, tmp_path: Path, example: pd.DataFrame
) -> None:
    """It could be taken for one that the example does not have."""
    path = dump(CLASSIFIERS["boosting"](example), tmp_path)
    expected = "There is no column 'lefd' in the example; did you mean 'left'?"
    assert refused(path, target="lefd") == expected


def test_without_the_target_the_estimator_must_tell_its_classes(
    refused: Refused, tmp_path: Path, example: pd.DataFrame, run_versions: Run
) -> None:
    """Nobody else could."""
    example[["b", "a"]].fillna(0).to_csv(tmp_path / "rows.csv", index=False)
    path = dump(TakesArrays(), tmp_path)
    arguments = ("adopt", str(path), "v8", "--example", f"{tmp_path}/rows.csv", "--trust")
    assert run_versions(*arguments).stderr.splitlines()[-1] == (
        "Error: The TakesArrays does not tell its classes; give an example that has the target."
    )


def test_a_version_that_exists_is_kept(
    run_versions: Run, models_root: Path, tmp_path: Path, example: pd.DataFrame
) -> None:
    """Unless it is said that it is to be replaced."""
    path = dump(CLASSIFIERS["a few columns"](example), tmp_path)
    publish(models_root, "v8")
    arguments = ("adopt", str(path), "v8", "--example", f"{tmp_path}/rows.csv", "--target", "left")
    expected = "Error: v8 exists already; --replace replaces it."
    assert refusal(run_versions(*arguments, "--trust")) == expected
    assert run_versions(*arguments, "--trust", "--replace").exit_code == 0


@pytest.mark.parametrize("option", ["--task", "--include", "--group", "--validate-last"])
def test_there_are_no_options_about_what_the_estimator_decides(
    run_versions: Run, option: str
) -> None:
    """Which columns it takes, and what it predicts; and nothing is held out."""
    result = run_versions("adopt", "model.pkl", "v8", "--example", "rows.csv", option, "a")
    assert result.exit_code == 2
    assert f"Error: No such option '{option}'" in result.stderr
