"""The commands that deploy/README.md gives to operators."""

import re

from tests.support.paths import ROOT


def read_commands(section: str = "", *, consoles: bool = False) -> list[str]:
    """Return each command of the sh blocks, on one line.

    Parameters
    ----------
    section : str
        The heading of the section to look at; empty for all.
    consoles : bool
        Whether to return the commands of console blocks, too.
    """
    text = (ROOT / "deploy/README.md").read_text()
    if section:
        text = text.partition(f"\n## {section}\n")[2].partition("\n## ")[0]
    commands = []
    for kind, block in re.findall(r"^```(sh|console)\n(.*?)^```", text, re.DOTALL | re.MULTILINE):
        lines = re.sub(r"\\\n *", "", block).splitlines()
        if kind == "sh":
            commands += lines
        elif consoles:
            commands += [line.removeprefix("$ ") for line in lines if line.startswith("$ ")]
    return commands
