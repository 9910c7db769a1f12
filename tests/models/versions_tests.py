"""The command line about published versions: what it shows and refuses."""

import os
import platform
import re
import shutil
from pathlib import Path

import orjson
import pytest
from click.testing import Result

from app.settings import Settings
from app.store.model_file import read_manifest, write_model_file
from tests.support.model_files import KEY, OTHER_KEY, LeavesMark, make_manifest
from tests.support.published import BOTH_KEYS, UNKNOWN_KEY, contents, publish, refusal
from tests.support.training import Run


@pytest.mark.parametrize("arguments", [(), ("list",)])
def test_versions_are_listed_the_highest_first(
    run_versions: Run, models_root: Path, dummy_model: str, arguments: tuple[str, ...]
) -> None:
    """With who signed each, and what a server would make of it."""
    shutil.copy(dummy_model, models_root)
    publish(models_root, "v9")
    publish(models_root, "v10", OTHER_KEY)
    publish(models_root, "v11", UNKNOWN_KEY)
    (models_root / "trained-model-v2.p").write_bytes(b"garbage")
    (models_root / "trained-model-v3.p").symlink_to("nothing")
    (models_root / "trained-model-v01.p").touch()
    result = run_versions(*arguments, model_signing_key=f"{KEY.decode()}\n{OTHER_KEY.decode()}")
    assert (result.exit_code, result.stderr) == (0, "")
    rows = [
        [cell.strip() for cell in line.split("  ") if cell.strip()]
        for line in result.stdout.splitlines()
    ]
    with open(dummy_model, "rb") as file:
        manifest = read_manifest(file, "v0", [KEY])
    trained = manifest.created_at[:16].replace("T", " ")
    assert manifest.estimator is not None
    assert rows == [
        ["version", "trained (UTC)", "note", "estimator", "figure", "signed by", "state"],
        ["v11", "unknown", "unavailable: it was not signed as v11 with a key of ours"],
        ["v10", "2026-01-01 00:00", "Fixed", "ROC AUC 0.5000", "key 2", "not loaded"],
        ["v9", "2026-01-01 00:00", "Fixed", "ROC AUC 0.5000", "first key", "not loaded"],
        ["v3", "unknown", "unavailable: it cannot be read: No such file or directory"],
        ["v2", "unknown", "unavailable: it has no signed manifest"],
        [
            "v0",
            trained,
            manifest.estimator.last,
            f"ROC AUC {manifest.figure:.4f}",
            "first key",
            "ready",
        ],
    ]
    assert refusal_in_list(run_versions(*arguments, unpickle="never"), "v9") == (
        "unavailable: it would have to be unpickled, which UNPICKLE=never forbids"
    )


def refusal_in_list(result: Result, version: str) -> str:
    """Return the last cell of a version's row."""
    (line,) = (line for line in result.stdout.splitlines() if line.startswith(f"{version} "))
    return line.split("  ")[-1].strip()


def test_an_altered_pickle_is_seen_in_the_list(run_versions: Run, models_root: Path) -> None:
    """Without unpickling it."""
    path = publish(models_root, "v1")
    path.write_bytes(b"\0" + path.read_bytes()[1:])
    assert refusal_in_list(run_versions(), "v1") == "unavailable: its pickle was altered"


def test_an_empty_directory_has_no_versions(run_versions: Run, models_root: Path) -> None:
    """Which is no failure; a directory that is not there is one."""
    result = run_versions()
    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr == f"There are no versions in '{models_root}'.\n"
    missing = f"{models_root}/missing"
    assert (
        refusal(run_versions(models_root=missing), 1)
        == f"Error: '{missing}': No such file or directory."
    )


def test_a_manifest_is_shown(run_versions: Run, models_root: Path) -> None:
    """A line for each thing that it says; as JSON the whole of it."""
    path = publish(models_root, "v9")
    lines = dict(re.split("  +", line) for line in run_versions("show", "v9").stdout.splitlines())
    assert (lines["version"], lines["signed by"]) == ("v9", "first key")
    assert lines["state"] == "not loaded"
    assert lines["target"] == "'target', one of 'no', 'yes'; positive is 'yes' from 0.5 on"
    assert lines["served from"] == f"its pickle, with code for Python {platform.python_version()}"
    assert lines["feature"] == "'x': number"
    with path.open("rb") as file:
        manifest = read_manifest(file, "v9", [KEY])
    assert orjson.loads(run_versions("show", "v9", "--json").stdout) == manifest.to_json()


def test_what_nobody_here_signed_is_not_shown(run_versions: Run, models_root: Path) -> None:
    """Nothing that it says could be believed."""
    publish(models_root, "v9", UNKNOWN_KEY)
    assert refusal(run_versions("show", "v9")) == (
        "Error: Trained model version 'v9' cannot be used: it was not signed as v9 with a key of"
        " ours."
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("copy", "v5", "v6"), "Trained model version 'v5' was not found."),
        (
            ("copy", "v1", "v6"),
            "Trained model version 'v1' cannot be used: its pickle was altered.",
        ),
        (
            ("copy", "v2", "v6"),
            "Trained model version 'v2' cannot be used: it has no signed manifest.",
        ),
        (("copy", "v1", "v06"), "'v06' is not a valid version id; valid are v0, v1, v2 and so on."),
        (("show", "v5"), "Trained model version 'v5' was not found."),
        (("remove", "v5"), "Trained model version 'v5' was not found."),
        (("remove", "../v1"), "'../v1' is not a valid version id; valid are v0, v1, v2 and so on."),
    ],
)
def test_a_refusal_is_one_line(
    run_versions: Run, models_root: Path, arguments: tuple[str, ...], message: str
) -> None:
    """With exit status 2, and nothing is touched."""
    path = publish(models_root, "v1")
    path.write_bytes(b"\0" + path.read_bytes()[1:])
    (models_root / "trained-model-v2.p").write_bytes(b"garbage")
    before = contents(models_root)
    assert refusal(run_versions(*arguments)) == f"Error: {message}"
    assert contents(models_root) == before


def test_without_a_key_nothing_can_be_verified(
    run_versions: Run, models_root: Path, config: Settings
) -> None:
    """And none is made."""
    publish(models_root, "v1")
    for arguments in ((), ("show", "v1"), ("copy", "v1", "v2"), ("sign",)):
        assert refusal(run_versions(*arguments, model_signing_key="")) == (
            "Error: There is no model signing key: set MODEL_SIGNING_KEY, or train a model,"
            f" which makes {config.model_signing_key_file}."
        )
    assert not os.path.exists(config.model_signing_key_file)


def test_no_command_opens_a_pickle(run_versions: Run, models_root: Path, tmp_path: Path) -> None:
    """It could run any code."""
    mark = tmp_path / "mark"
    write_model_file(
        str(models_root / "trained-model-v1.p"), LeavesMark(mark), make_manifest("v1"), KEY
    )
    for arguments in ((), ("show", "v1"), ("copy", "v1", "v2"), ("sign",), ("remove", "v1")):
        assert run_versions(*arguments, model_signing_key=BOTH_KEYS).exit_code == 0
    assert not mark.exists()
