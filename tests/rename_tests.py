"""`make rename`: one command renames the project, and what it made of a copy passes its tests."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from uuid import uuid4

import pytest

from tests.support.paths import ROOT

NEW = f"n{uuid4().hex}"  # which no file has
OLD = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["name"]
FAST_TESTS = [
    "tests/deploy_tests.py",
    "tests/project_tests.py",
    "tests/settings_tests.py",
    "tests/web/openapi_tests.py",
]


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A repository with a copy of this one's files."""
    return make_copy(tmp_path / "copy")


@pytest.fixture(scope="module")
def untouched_copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same for tests that change nothing."""
    return make_copy(tmp_path_factory.mktemp("rename") / "copy")


def make_copy(root: Path) -> Path:
    """Copy this repository's files into a new one."""
    for path in list_files(ROOT):
        if (ROOT / path).is_file():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / path, root / path)
    subprocess.run(["git", "init", "--quiet", root], check=True)
    return root


def list_files(root: Path) -> list[str]:
    """Return the paths of the files that git does not ignore."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True)
    return done.stdout.rstrip("\0").split("\0")


def run(root: Path, name: str) -> subprocess.CompletedProcess[str]:
    """Run `make rename NAME=name` in a copy."""
    command = ["make", "--silent", "rename", f"PYTHON={sys.executable}", f"NAME={name}"]
    # As in a shell, also where these tests are run by `make test`.
    environment = {key: value for key, value in os.environ.items() if not key.startswith("MAKE")}
    return subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True)


def find_name(root: Path, name: str) -> list[str]:
    """Return the lines that have a name, and the paths of files that have it."""
    found = [path for path in list_files(root) if name in path]
    for path in list_files(root):
        lines = (root / path).read_bytes().decode(errors="ignore").splitlines()
        found += [line for line in lines if name in line]
    return found


@pytest.mark.slow
def test_a_renamed_copy_passes_its_tests(copy: Path) -> None:
    """No other name is left than in the copyright notice and in what models are signed with."""
    result = run(copy, NEW)
    n_files = re.fullmatch(
        rf"Renamed {OLD} to {NEW} in (\d+) files\. Look at the changes with: git diff\n",
        result.stdout,
    )
    assert n_files is not None, result
    assert int(n_files[1]) > 8
    notice = f"Copyright (c) 2026 the {OLD} authors"
    left = find_name(copy, OLD)
    assert notice in left
    assert all(line == notice or f'b"{OLD}/trained-model/1"' in line for line in left)

    assert tomllib.loads((copy / "pyproject.toml").read_text())["project"]["name"] == NEW
    assert (copy / f"deploy/{NEW}@.service").exists()
    assert f"Copyright (c) 2026 the {NEW} authors\n{notice}" in (copy / "LICENSE").read_text()
    for arguments in (
        ["ruff", "format", "--no-cache", "--check"],
        ["pytest", "-q", "-p", "no:cacheprovider", *FAST_TESTS],
    ):
        command = [sys.executable, "-m", *arguments]
        result = subprocess.run(command, cwd=copy, stdout=subprocess.PIPE, text=True)
        assert result.returncode == 0, result.stdout


def test_a_project_can_be_renamed_again(copy: Path) -> None:
    """Only the copyright notice keeps the name in between."""
    between = f"n{uuid4().hex}"
    assert run(copy, between).returncode == 0
    assert run(copy, NEW).returncode == 0
    assert find_name(copy, between) == [f"Copyright (c) 2026 the {between} authors"]


def test_the_name_in_the_examples_can_be_given(copy: Path) -> None:
    """As often as they mention it."""
    example = re.search(r"make rename NAME=(\S+)", (ROOT / "Makefile").read_text())
    assert example is not None
    if example[1] == OLD:
        pytest.skip("this project was given it")
    assert run(copy, example[1]).stderr == ""


@pytest.mark.parametrize(
    ("name", "message"),
    [
        *(
            (
                name,
                "NAME must be lower-case letters, digits and single hyphens, begin with a letter"
                " and have at most 50 characters, as in NAME=my-model.",
            )
            for name in ("", "My-Model", "my_model", "-x", "x--y", "x-", "1x", "ä", "x" * 51, "a b")
        ),
        (OLD, f"The project is called {OLD} already."),
        (
            "scikit-learn",
            "'scikit-learn' already occurs in the project's files; choose a name that does not,"
            " so that it can be told from the rest.",
        ),
    ],
)
def test_a_bad_name_is_refused_in_one_line(untouched_copy: Path, name: str, message: str) -> None:
    """And nothing is changed; the other line is make's."""
    before = find_name(untouched_copy, OLD)
    result = run(untouched_copy, name)
    error, made = result.stderr.splitlines()
    assert error == f"Error: {message}"
    assert made.startswith("make: *** ")
    assert find_name(untouched_copy, OLD) == before


if __name__ == "__main__":
    raise SystemExit(pytest.main([__file__]))
