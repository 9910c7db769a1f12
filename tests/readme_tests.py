"""The README: each command in a console block is run, and must give the answer shown."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import pytest

from app.models.train_model import train
from app.settings import Settings
from tests.support.configs import SIGNING_KEY, make_config
from tests.support.paths import ROOT, TRAINING_CSV
from tests.support.servers import running_server

README = (ROOT / "README.md").read_text()
COMMAND = re.compile(r"^\$ (.*(?:\n    .*)*)\n((?:(?!\$ ).*\n)*)", re.MULTILINE)
EXAMPLES = [
    (command.replace("\n    ", "\n"), answer)
    for block in re.findall(r"```console\n(.*?)```", README, re.DOTALL)
    for command, answer in COMMAND.findall(block)
]


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """The environment of a shell beside a running server that has v0."""
    root = tmp_path_factory.mktemp("readme")
    served = make_config(root)
    train(TRAINING_CSV, "v0", config=served)
    _write_customers(root / "customers.csv")
    with running_server(served, workers=1) as (port, _):
        yield os.environ | {
            "PORT": str(port),
            "MODELS_ROOT": str(root / "trained"),
            "MODEL_SIGNING_KEY": SIGNING_KEY,
            "README_ROOT": str(root),
        }


def _write_customers(path: Path) -> None:
    lines = ["customer_id,signed_up,zip_code,age,churned"]
    for i in range(400):
        age = "NA" if i % 50 == 0 else 20 + i % 60
        churned = "yes" if (i * 7) % 60 > 30 else "no"
        lines.append(f"{i},2026-01-{i % 28 + 1:02},0{8000 + i % 9},{age},{churned}")
    path.write_text("\n".join(lines) + "\n")


@pytest.mark.parametrize(("command", "answer"), EXAMPLES, ids=[c for c, _ in EXAMPLES])
def test_a_command_gives_the_answer_shown(shell: dict[str, str], command: str, answer: str) -> None:
    """An ellipsis stands for anything."""
    if command == ". .venv/bin/activate":
        pytest.skip("the tests run in their own environment")
    script = command.replace("localhost:8080", f"127.0.0.1:{shell['PORT']}")
    for name in ("customers.csv", "scores.csv"):
        script = script.replace(name, f"{shell['README_ROOT']}/{name}")
    script = re.sub(r"^python ", f"{sys.executable} ", script)
    result = subprocess.run(
        ["bash", "-c", script],
        cwd=ROOT,
        env=shell,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    pattern = ".*?".join(map(re.escape, answer.strip().split("…")))
    pattern = pattern.replace(re.escape("trained-models"), r"\S*")
    assert re.fullmatch(pattern, result.stdout.strip(), re.DOTALL), result.stdout


def test_there_are_examples() -> None:
    """The pattern above finds them all."""
    assert len(EXAMPLES) == README.count("\n$ ") > 10


def test_each_setting_is_in_the_table() -> None:
    """With the default and the meaning that the code gives it, here or in deploy/README.md."""
    text = README + (ROOT / "deploy/README.md").read_text()
    rows = re.findall(r"^\| `([A-Z_]+)` \| (?:`(.+)` )?\| (.*) \|$", text, re.MULTILINE)
    assert rows == [
        (own.name.upper(), own.metadata["shown"], own.metadata["meaning"])
        for own in fields(Settings)
    ]


def test_links_lead_somewhere() -> None:
    """To a file of this project."""
    for target in re.findall(r"\]\((?!https?:)([^)#]+)\)", README):
        assert (ROOT / target).exists(), target
