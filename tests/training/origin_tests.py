"""Where a version comes from."""

import os
import subprocess
from pathlib import Path

import pytest

from app.settings import Settings
from app.store.origin import Origin
from tests.support.paths import TRAINING_CSV
from tests.support.training import Run, read_manifest

REFUSED = "Error: A note must be one line of at most 200 printable characters.\n"


@pytest.fixture
def work_tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current directory: a work tree of git with one file and one commit."""
    for variable in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(variable)
    tree = tmp_path / "tree"
    tree.mkdir()
    monkeypatch.chdir(tree)
    (tree / "file").write_text("1")
    git("init", "-q")
    git("config", "user.name", "Grace \x1b[31mHopper")
    git("config", "user.email", "grace@example.org")
    git("add", "file")
    git("commit", "-q", "--no-verify", "-m", "First")
    return tree


def git(*arguments: str) -> str:
    """Return what git prints."""
    result = subprocess.run(["git", *arguments], capture_output=True, text=True, check=True)
    return result.stdout.strip()


def train(run_training: Run, config: Settings, *options: str) -> Origin:
    """Train v0 and return where it comes from."""
    assert run_training(TRAINING_CSV, *options).exit_code == 0
    return read_manifest(config).origin


def test_the_commit_is_kept_and_who_trained(
    run_training: Run, config: Settings, work_tree: Path
) -> None:
    """The name of git's configuration as far as it can be printed, not the address."""
    origin = train(run_training, config)
    assert origin.commit == git("rev-parse", "HEAD")
    assert not origin.dirty
    assert origin.author == "Grace [31mHopper"


@pytest.mark.parametrize(("name", "dirty"), [("file", True), ("another", False)])
def test_changes_are_told_of_files_that_git_knows(
    run_training: Run, config: Settings, work_tree: Path, name: str, dirty: bool
) -> None:
    """As `git describe --dirty` does it; data beside the code change no model."""
    (work_tree / name).write_text("2")
    assert train(run_training, config).dirty is dirty


def test_a_hook_does_not_mislead(
    run_training: Run, config: Settings, work_tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Inside one, git's variables lead to the repository that the hook belongs to."""
    monkeypatch.setenv("GIT_DIR", str(work_tree / "nowhere"))
    assert train(run_training, config).author == "Grace [31mHopper"


@pytest.mark.parametrize("case", ["no git", "git that fails", "no work tree", "no commit"])
def test_without_git_nothing_is_known(
    run_training: Run, config: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, case: str
) -> None:
    """And training says nothing of it."""
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    monkeypatch.chdir(tmp_path)
    if case == "no commit":
        git("init", "-q")
    elif case != "no work tree":
        monkeypatch.setenv("PATH", str(tmp_path))
    if case == "git that fails":
        program = tmp_path / "git"
        program.write_text("#!/bin/sh\nexit 7\n")
        program.chmod(0o755)
    result = run_training(TRAINING_CSV)
    assert (result.exit_code, result.stderr) == (0, "")
    assert read_manifest(config).origin == Origin(options=("--C", "0.1", "--no-yardstick"))


def test_the_options_are_kept_as_they_were_given(run_training: Run, config: Settings) -> None:
    """Those of the command line alone, and not the note, which stands beside them."""
    given = ["--id", "x_1", "--drop", "x_2", "--drop", "x_3", "--C", "0.25", "--refit-on-all"]
    kept = train(run_training, config, "--note", "Try", *given).options
    assert list(kept) == [*given, "--no-yardstick"]


def test_many_options_are_cut(run_training: Run, config: Settings) -> None:
    """So that a manifest stays small."""
    options = [word for k in range(100) for word in ("--missing", f"{k:0100}")]
    kept = list(train(run_training, config, *options).options)
    assert kept == options[: len(kept)]
    assert 3000 < len(" ".join(kept)) <= 4000


def test_a_note_is_kept(run_training: Run, config: Settings) -> None:
    """Without the blanks around it."""
    train(run_training, config, "--note", "  Without the id’s 2nd digit ")
    assert read_manifest(config).note == "Without the id’s 2nd digit"


@pytest.mark.parametrize("text", ["x" * 201, "two\nlines", "a\x1b[31mb", "a\u202eb"])
def test_a_note_that_cannot_be_shown_is_refused(
    run_training: Run, config: Settings, text: str
) -> None:
    """Before any work."""
    result = run_training(TRAINING_CSV, "--note", text)
    assert (result.exit_code, result.stdout, result.stderr) == (2, "", REFUSED)
    assert os.listdir(config.models_root) == []
