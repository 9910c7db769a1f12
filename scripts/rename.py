"""Rename the project in all of its files: `make rename NAME=my-model`.

The name is what pyproject.toml calls the project. Two things keep the old one: the bytes that are
signed with every model, so that models stay valid, and the copyright notice in LICENSE, which
licences like this one require; the new name gets a line above it.
"""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
VALID = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
SIGNED = "/trained-model/"  # follows the name in what is signed with a model
NOTICE = re.compile(r"^Copyright \(c\) \d+ the (\S+) authors$", re.MULTILINE)


def rename(new: str) -> None:
    """Replace the project's name in the contents and the names of its files.

    Raises
    ------
    ValueError
        If the new name cannot be used; nothing has been changed then.
    """
    if not VALID.fullmatch(new) or len(new) > 50:
        raise ValueError(
            "NAME must be lower-case letters, digits and single hyphens, begin with a letter and"
            " have at most 50 characters, as in NAME=my-model."
        )
    text = (ROOT / "pyproject.toml").read_text()
    old = re.search(r'^name = "(.*)"$', text, re.MULTILINE)
    if old is None:
        raise ValueError("pyproject.toml does not name the project.")
    if new == old[1]:
        raise ValueError(f"The project is called {new} already.")
    texts = dict(_read_texts())
    pattern = _pattern(old[1])
    if any(_pattern(new).search(f"{path}\n{text}") for path, text in texts.items()):
        raise ValueError(
            f"{new!r} already occurs in the project's files; choose a name that does not, so that"
            " it can be told from the rest."
        )
    n_files = 0
    for path, text in texts.items():
        changed = _add_notice(text, old[1], new) if path == "LICENSE" else pattern.sub(new, text)
        if changed != text:
            (ROOT / path).write_text(changed)
        renamed = pattern.sub(new, path)
        if renamed != path:
            (ROOT / path).rename(ROOT / renamed)
        n_files += (changed, renamed) != (text, path)
    print(f"Renamed {old[1]} to {new} in {n_files} files. Look at the changes with: git diff")


def _pattern(name: str) -> re.Pattern[str]:
    return re.compile(f"(?<!NAME=){re.escape(name)}(?!{SIGNED})")  # NAME=… is an example


def _read_texts() -> Iterator[tuple[str, str]]:
    """Yield the path and the contents of every text file that git does not ignore."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True)  # noqa: S603
    if done.returncode != 0:
        raise ValueError("git cannot list the project's files here; run git init first.")
    for path in done.stdout.decode().rstrip("\0").split("\0"):
        if (ROOT / path).is_file() and not (ROOT / path).is_symlink():
            try:
                yield path, (ROOT / path).read_bytes().decode()
            except UnicodeDecodeError:
                continue  # a picture


def _add_notice(text: str, old: str, new: str) -> str:
    """Return the licence with the new name above the notice of the old one."""
    notices = [notice for notice in NOTICE.finditer(text) if notice[1] == old]
    for notice in notices:
        added = notice[0].replace(old, new)
        text = text.replace(notice[0], f"{added}\n{notice[0]}")
    return text


if __name__ == "__main__":
    try:
        rename(sys.argv[1])
    except ValueError as error:
        raise SystemExit(f"Error: {error}") from None
