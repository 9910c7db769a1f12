"""The commands that deploy/README.md gives to operators."""

import re

from tests.support.paths import ROOT


def read_commands(section: str = "") -> list[str]:
    """Return each command of the sh blocks, on one line; those of one section, if it is named."""
    text = (ROOT / "deploy/README.md").read_text()
    if section:
        text = text.partition(f"\n## {section}\n")[2].partition("\n## ")[0]
    blocks = re.findall(r"^```sh\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    return [command for block in blocks for command in _join(block).splitlines()]


def _join(block: str) -> str:
    return re.sub(r"\\\n *", "", block)
