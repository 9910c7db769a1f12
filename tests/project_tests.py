"""What a fork expects: releases, versions of Python and links that agree with each other."""

import re
import tomllib

import pytest

from tests.support.paths import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
CHANGELOG = (ROOT / "CHANGELOG.md").read_text()


def test_the_newest_release_is_the_version_of_the_project() -> None:
    """The changelog has dates, newest first, and what is not released yet on top."""
    unreleased, *releases = re.findall(r"^## (.*)$", CHANGELOG, re.MULTILINE)
    assert unreleased == "[Unreleased]"
    dates = []
    for release in releases:
        match = re.fullmatch(r"\[(\d+\.\d+\.\d+)\] - (\d{4}-\d\d-\d\d)", release)
        assert match is not None, release
        dates.append(match[2])
    assert dates == sorted(dates, reverse=True)
    assert releases[0].startswith(f"[{PROJECT['version']}] - ")


def test_each_release_links_to_what_changed() -> None:
    """In the repository that pyproject.toml names."""
    versions = re.findall(r"^## \[(.*)\]", CHANGELOG, re.MULTILINE)
    links = re.findall(r"^\[(.*)\]: (.*)$", CHANGELOG, re.MULTILINE)
    assert [version for version, _ in links] == versions
    assert all(link.startswith(PROJECT["urls"]["Repository"] + "/") for _, link in links)
    assert f"/compare/v{PROJECT['version']}...HEAD" in dict(links)["Unreleased"]


def test_ci_runs_on_every_python_that_is_promised() -> None:
    """From the oldest that is needed."""
    promised = [
        version
        for classifier in PROJECT["classifiers"]
        if (version := classifier.removeprefix("Programming Language :: Python :: ")) != classifier
    ]
    workflow = (ROOT / ".github/workflows/ci.yml").read_text()
    matrix = re.search(r"python: \[(.*)\]", workflow)
    assert matrix is not None
    assert re.findall(r'"(.*?)"', matrix[1]) == promised
    assert PROJECT["requires-python"] == f">={promised[0]}"


@pytest.mark.parametrize("name", ["CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md"])
def test_links_lead_somewhere(name: str) -> None:
    """To a file of this project."""
    for target in re.findall(r"\]\((?!https?:)([^)#]+)\)", (ROOT / name).read_text()):
        assert (ROOT / target).exists(), target


def test_the_files_that_contributing_names_exist() -> None:
    """And the targets of make."""
    text = (ROOT / "CONTRIBUTING.md").read_text()
    paths = re.findall(r"`((?:app|tests)/[\w/.]*)`", text)
    assert len(paths) > 10
    assert [path for path in paths if not (ROOT / path).exists()] == []
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = {target for words in re.findall(r"`make ([a-z -]+)`", text) for target in words.split()}
    assert named <= targets


if __name__ == "__main__":
    raise SystemExit(pytest.main([__file__]))
