"""Loading: a version with weights is proven from them, and its pickle stays closed."""

import io
import platform
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from app.helpers.errors import InvalidModelFile
from app.store.libraries import library_versions
from app.store.linear_weights import LinearWeights, NumberWeights
from app.store.loading import load_trained_model, make_trained_model, read_parts
from app.store.manifest import CheckedRow
from app.store.model_file import write_model_file
from app.store.trained_model import TrainedModel
from tests.support.model_files import KEY, Fixed, LeavesMark, Raises, make_manifest

WEIGHTS = LinearWeights((0.0,), {"x": NumberWeights((1.0,))})
TWO_ROWS = (CheckedRow({"x": 0.0}, (0.5,)), CheckedRow({"x": 1.0}, (0.7310585786300049,)))


def make_file(path: Path, estimator: Any, **changes: Any) -> bytes:
    """Return the bytes of a model file with weights, or with others."""
    fields: dict[str, Any] = {"weights": WEIGHTS, "self_check": TWO_ROWS} | changes
    write_model_file(str(path), estimator, make_manifest(**fields), KEY)
    return path.read_bytes()


def load(data: bytes, *, may_unpickle: bool = False) -> TrainedModel:
    """Load a model from the bytes of its file."""
    return load_trained_model(io.BytesIO(data), "v0", [KEY], may_unpickle=may_unpickle)


def refusal(data: bytes, *, may_unpickle: bool = False) -> str:
    """Return why these bytes are refused."""
    with pytest.raises(InvalidModelFile) as caught:
        load(data, may_unpickle=may_unpickle)
    return str(caught.value)


@pytest.mark.parametrize("may_unpickle", [True, False])
def test_a_version_with_weights_is_not_unpickled(
    may_unpickle: bool, tmp_path: Path, mark: Path
) -> None:
    """Not even where that is allowed."""
    model = load(make_file(tmp_path / "model", LeavesMark(mark)), may_unpickle=may_unpickle)
    assert model.predict({"x": 1.0}) == 0.7311
    assert model.explain({"x": 1.0}) == {"baseline": 0.0, "contributions": {"x": 1.0}}
    assert not mark.exists()


def test_a_version_without_weights_is_refused_where_nothing_is_unpickled(
    tmp_path: Path, mark: Path
) -> None:
    """With a reason that names the setting."""
    data = make_file(tmp_path / "model", LeavesMark(mark), weights=None)
    assert refusal(data) == "it would have to be unpickled, which UNPICKLE=never forbids"
    assert not mark.exists()


def test_a_version_without_weights_is_unpickled_where_that_is_allowed(tmp_path: Path) -> None:
    """And proven as ever."""
    rows = (CheckedRow({"x": 0.0}, (0.25,)),)
    data = make_file(tmp_path / "model", Fixed(0.25), weights=None, self_check=rows)
    assert load(data, may_unpickle=True).predict({"x": 0.0}) == 0.25


@pytest.mark.parametrize("place", [0, 5, -1])
def test_an_altered_pickle_is_refused_though_nobody_opens_it(place: int, tmp_path: Path) -> None:
    """The digest in the answers' headers is that of the file."""
    data = bytearray(make_file(tmp_path / "model", Fixed(0.5)))
    size = len(bytes(data).partition(b'{"version":')[0])
    data[place if place >= 0 else size - 1] ^= 1
    assert refusal(bytes(data)) == "its pickle was altered"


def test_a_large_pickle_is_verified_to_its_end(tmp_path: Path) -> None:
    """Though it is read in pieces."""
    data = bytearray(make_file(tmp_path / "model", {"large": bytes(1_000_000)}))
    assert load(bytes(data)).predict({"x": 0.0}) == 0.5
    data[999_999] ^= 1
    assert refusal(bytes(data)) == "its pickle was altered"


@pytest.mark.parametrize("slope", [1.0 + 1e-8, -1.0])
def test_weights_that_do_not_give_the_numbers_of_training_are_refused(
    slope: float, tmp_path: Path
) -> None:
    """By more than 1e-9, on any of the rows."""
    weights = replace(WEIGHTS, numbers={"x": NumberWeights((slope,))})
    assert refusal(make_file(tmp_path / "model", Fixed(0.5), weights=weights)) == (
        "its self-check rows get other probabilities than in training"
    )


@pytest.mark.parametrize(
    "weights",
    [
        LinearWeights((0.0,)),
        LinearWeights((0.0,), {"y": NumberWeights((1.0,))}),
        LinearWeights((0.0,), {"x": NumberWeights(())}),
        LinearWeights((), {"x": NumberWeights((1.0,))}),
        LinearWeights((0.0, 0.0), {"x": NumberWeights((1.0,))}),
    ],
)
def test_weights_for_another_model_are_refused(weights: LinearWeights, tmp_path: Path) -> None:
    """Of other features, or of another number of classes."""
    message = refusal(make_file(tmp_path / "model", Fixed(0.5), weights=weights))
    assert message.startswith("its self-check failed: ")


@pytest.mark.parametrize("weights", [WEIGHTS, None])
def test_a_version_without_self_check_rows_is_refused(
    weights: LinearWeights | None, tmp_path: Path
) -> None:
    """It proves nothing."""
    data = make_file(tmp_path / "model", Fixed(0.5), weights=weights, self_check=())
    assert refusal(data, may_unpickle=True) == (
        "its self-check rows get other probabilities than in training"
    )


def test_another_scikit_learn_is_nothing_to_a_version_with_weights(tmp_path: Path) -> None:
    """It is not needed."""
    data = make_file(tmp_path / "model", Fixed(0.5), libraries={"scikit-learn": "0.1"})
    assert load(data).predict({"x": 0.0}) == 0.5


OTHER_LIBRARIES = library_versions() | {"scikit-learn": "0.1.2", "gone": "3.4"}
OTHERS = (
    f"trained with scikit-learn 0.1.2, here is {library_versions()['scikit-learn']};"
    " gone 3.4, here is none"
)


def test_another_scikit_learn_is_a_warning_if_the_model_predicts_the_same(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """What decides are the self-check rows."""
    rows = (CheckedRow({"x": 0.0}, (0.25,)),)
    data = make_file(
        *(tmp_path / "model", Fixed(0.25)), weights=None, self_check=rows, libraries=OTHER_LIBRARIES
    )
    assert load(data, may_unpickle=True).predict({"x": 0.0}) == 0.25
    assert caplog.messages == [f"v0 was {OTHERS}: its self-check rows get the same predictions"]


@pytest.mark.parametrize(
    ("estimator", "reason"),
    [
        (Fixed(0.5), "its self-check rows get other probabilities than in training"),
        (Raises(ValueError), "its pickle cannot be loaded: ValueError('on purpose')"),
    ],
)
def test_a_model_that_another_scikit_learn_changes_is_refused_with_both_versions(
    estimator: Any, reason: str, tmp_path: Path
) -> None:
    """Or one that it cannot open."""
    rows = (CheckedRow({"x": 0.0}, (0.25,)),)
    data = make_file(
        *(tmp_path / "model", estimator), weights=None, self_check=rows, libraries=OTHER_LIBRARIES
    )
    assert refusal(data, may_unpickle=True) == f"{reason} ({OTHERS})"


MAJOR, MINOR, _ = platform.python_version_tuple()


@pytest.mark.parametrize(
    ("python", "is_opened"), [(f"{MAJOR}.{MINOR}.99", True), (f"{MAJOR}.{MINOR}9.0", False)]
)
def test_code_is_opened_by_the_python_that_wrote_it_alone(
    python: str, is_opened: bool, tmp_path: Path, mark: Path
) -> None:
    """The bytecode of another one would crash the process. The third number does not matter."""
    data = make_file(
        *(tmp_path / "model", [Fixed(0.5), LeavesMark(mark)]),
        weights=None,
        libraries=library_versions() | {"python": python},
    )
    refused = refusal(data, may_unpickle=True)  # it is a list, and no classifier
    assert refused.startswith(
        "its self-check failed: " if is_opened else "it holds code for Python"
    )
    assert mark.exists() == is_opened


def test_of_a_version_with_weights_the_manifest_is_enough(tmp_path: Path) -> None:
    """It is all that is sent to the workers of a cluster."""
    data = make_file(tmp_path / "model", Fixed(0.5))
    manifest, pickle = read_parts(io.BytesIO(data), "v0", [KEY])
    assert pickle is None
    assert make_trained_model(manifest, pickle).predict({"x": 1.0}) == 0.7311
