"""Where a version comes from: its note, the options that were given, and what git knows."""

import os
import shlex
import subprocess
from collections.abc import Collection, Iterator
from typing import Any

import click
from click.core import ParameterSource

from app.helpers.errors import InvalidNote
from app.store.origin import MAX_NOTE, Origin

MAX_OPTIONS = 4000  # characters of all options together
MAX_NAME = 100  # characters of the author's name
_TIMEOUT = 2.0  # seconds that git may take for one answer
_HOOK = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE")  # set in a hook, of another work tree maybe


def check_note(text: str) -> str:
    """Return a note without blanks around it; InvalidNote if it is too long, or no single line."""
    text = text.strip()
    if len(text) > MAX_NOTE or not text.isprintable():
        raise InvalidNote(f"A note must be one line of at most {MAX_NOTE} printable characters.")
    return text


def given_options(context: click.Context, without: Collection[str] = ()) -> tuple[str, ...]:
    """Return the options that were given on the command line, as words.

    The note is left out, and options of the names in `without`.
    """
    words: list[str] = []
    for option in context.command.params:
        name = option.name or ""
        given = context.get_parameter_source(name) == ParameterSource.COMMANDLINE
        if isinstance(option, click.Option) and given and name not in {"note_text", *without}:
            words += _words(option, context.params[name])
    while len(shlex.join(words)) > MAX_OPTIONS:
        words.pop()
    return tuple(words)


def _words(option: click.Option, value: Any) -> Iterator[str]:
    longest = max(option.opts, key=len)
    if option.is_flag:
        yield longest if value or not option.secondary_opts else max(option.secondary_opts, key=len)
        return
    for each in value if option.multiple else [value]:
        yield from (longest, str(each))


def find_origin(options: tuple[str, ...] = ()) -> Origin:
    """Return where a version that is trained now comes from.

    Without git, or outside of a work tree, the commit and the author stay empty.
    """
    # As `git describe --dirty` does it, files that git does not know are left aside.
    status = _ask_git("status", "--porcelain=v2", "--branch", "--untracked-files=no")
    commit = status.partition("# branch.oid ")[2].partition("\n")[0]
    if not commit.isalnum():  # "(initial)" where nothing was committed yet
        return Origin(options)
    dirty = any(not line.startswith("#") for line in status.splitlines())
    author = "".join(filter(str.isprintable, _ask_git("config", "user.name")))
    return Origin(options, commit, dirty, author[:MAX_NAME])


def _ask_git(*arguments: str) -> str:
    """Return what git says in the current directory; nothing if it cannot say it."""
    environment = {name: value for name, value in os.environ.items() if name not in _HOOK}
    try:
        answer = subprocess.run(  # noqa: S603 - the arguments are ours
            # No daemon of a file system monitor is started, and no lock is taken.
            ["git", "--no-optional-locks", "-c", "core.fsmonitor=false", *arguments],  # noqa: S607
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_TIMEOUT,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return answer.stdout.decode(errors="replace").strip()
