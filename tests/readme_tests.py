"""The documents: every command in a console block is run, and must give the answer shown."""

import re
import time
from contextlib import ExitStack
from dataclasses import dataclass, fields
from pathlib import Path

import pytest

from app.models import train_model
from app.settings import Settings
from tests.support.checkouts import Checkout
from tests.support.paths import ROOT

DOCUMENTS = sorted(
    path.relative_to(ROOT).as_posix()
    for pattern in ("*.md", "[ad]*/**/*.md", "tests/**/*.md")
    for path in ROOT.glob(pattern)
)
COMMAND = re.compile(r"^\$ (.*(?:\n    .*)*)\n((?:(?!\$ ).*\n)*)", re.MULTILINE)
LIVE_SECONDS = 2.0  # within which a running server serves a new file


@dataclass(frozen=True)
class Example:
    """A command, the answer shown, and the settings of the server that it may call."""

    command: str
    answer: str
    settings: tuple[tuple[str, str], ...]

    @property
    def pattern(self) -> str:
        """A regular expression of the answer, in which an ellipsis stands for anything."""
        return ".*?".join(map(re.escape, self.answer.strip().split("…")))


def read_examples(document: str) -> list[Example]:
    """Return the examples of all console blocks; ```` ```console PORT=1 ```` has a setting."""
    return [
        Example(
            command.replace("\n    ", "\n"),
            answer,
            tuple(
                (name.lower(), value)
                for name, _, value in (pair.partition("=") for pair in settings.split())
            ),
        )
        for settings, block in re.findall(
            r"^```console([^\n]*)\n(.*?)^```",
            (ROOT / document).read_text(),
            re.DOTALL | re.MULTILINE,
        )
        for command, answer in COMMAND.findall(block)
    ]


WITH_EXAMPLES = [document for document in DOCUMENTS if read_examples(document)]


@pytest.mark.slow
@pytest.mark.parametrize("document", WITH_EXAMPLES)
def test_each_command_gives_the_answer_shown(
    document: str, tmp_path: Path, dummy_model: str, subtests: pytest.Subtests
) -> None:
    """One after the other, beside a running server that has v0."""
    checkout = Checkout(tmp_path, dummy_model)
    ports: dict[tuple[tuple[str, str], ...], int] = {}
    with ExitStack() as servers:
        for example in read_examples(document):
            if example.settings not in ports:
                server = checkout.serve(**dict(example.settings))
                ports[example.settings] = servers.enter_context(server)
            address = f"127.0.0.1:{ports[example.settings]}"
            with subtests.test(example.command):
                assert_answered(checkout, example, address)


def assert_answered(checkout: Checkout, example: Example, address: str) -> None:
    """Fail if a command gives another answer; a server has some time to see a new file."""
    command = example.command.replace("localhost:8080", address)
    if ".venv" in command and not (checkout.directory / ".venv").exists():
        pytest.skip("the tests run in an environment of another name")
    deadline = time.monotonic() + (LIVE_SECONDS if "curl" in command else 0.0)
    printed = checkout.run(command)
    while not re.fullmatch(example.pattern, printed, re.DOTALL) and time.monotonic() < deadline:
        printed = checkout.run(command)
    assert re.fullmatch(example.pattern, printed, re.DOTALL), printed


@pytest.mark.parametrize("document", DOCUMENTS)
def test_each_example_is_found(document: str) -> None:
    """No command is left out because a block is written in another way."""
    text = (ROOT / document).read_text()
    assert len(read_examples(document)) == text.count("\n$ ")


def test_the_readme_has_examples() -> None:
    """And the pages of those who run a server, too."""
    assert len(read_examples("README.md")) > 10
    assert {"README.md", "deploy/README.md", "app/bulk/README.md"} <= set(WITH_EXAMPLES)


def test_each_setting_is_in_the_table() -> None:
    """With the default and the meaning that the code gives it."""
    text = (ROOT / "deploy/README.md").read_text()
    rows = re.findall(r"^\| `([A-Z_]+)` \| (?:`(.+)` )?\| (.*) \|$", text, re.MULTILINE)
    assert rows == [
        (setting.name.upper(), setting.metadata["shown"], setting.metadata["meaning"])
        for setting in fields(Settings)
    ]


def test_each_option_of_training_is_in_the_table() -> None:
    """In the README beside the command, and no other option is."""
    text = (ROOT / "app/models/README.md").read_text()
    first_cells = re.findall(r"^\| (`--.*?) \|", text, re.MULTILINE)
    listed = re.findall(r"`(--[\w-]+)", " ".join(first_cells))
    assert len(listed) == len(set(listed)) + 2  # --task and --date-format have two values each
    options = {name for option in train_model.main.params for name in option.opts}
    assert set(listed) == {name for name in options if name.startswith("--")}


def test_the_readme_has_at_most_250_lines() -> None:
    """What a newcomer does not need at first is in the READMEs of the folders."""
    assert (ROOT / "README.md").read_text().count("\n") <= 250


@pytest.mark.parametrize("document", DOCUMENTS)
def test_links_lead_somewhere(document: str) -> None:
    """To a file of this project."""
    text = (ROOT / document).read_text()
    for target in re.findall(r"\]\((?!https?:)([^)#]+)[^)]*\)", text):
        assert ((ROOT / document).parent / target).exists(), target


@pytest.mark.parametrize("document", DOCUMENTS)
def test_links_to_a_section_name_one(document: str) -> None:
    """Of a document that has a heading which GitHub turns into that name."""
    text = (ROOT / document).read_text()
    for target, section in re.findall(r"\]\((?!https?:)([^)#]*)#([^)]+)\)", text):
        path = (ROOT / document).parent / target if target else ROOT / document
        headings = re.findall(r"^#+ (.*)$", path.read_text(), re.MULTILINE)
        names = {re.sub(r"[^\w -]", "", line.lower()).replace(" ", "-") for line in headings}
        assert section in names, section


@pytest.mark.parametrize("document", DOCUMENTS)
def test_paths_that_are_named_exist(document: str) -> None:
    """Those of the folders that git keeps; one without a folder is beside the document."""
    text = re.sub(r"^```.*?^```", "", (ROOT / document).read_text(), flags=re.DOTALL | re.MULTILINE)
    for path in re.findall(r"`((?:app|data/raw|deploy|tests)/[\w./@-]+)`", text):
        assert (ROOT / path).exists(), path
    for path in re.findall(r"`(\w+_tests\.py)`", text):
        assert (ROOT / document).with_name(path).exists(), path
