"""The container image, as deploy/Dockerfile describes it."""

import json
import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from tests.support.paths import ROOT

DOCKERFILE = ROOT / "deploy/Dockerfile"


@dataclass(frozen=True)
class Image:
    """What a container starts with.

    Attributes
    ----------
    text : str
        The Dockerfile.
    base : str
        The image that it is made from, an argument.
    copies : mapping
        The path in the image of each file or folder of the project that is copied.
    runs : sequence of str
        The shell commands that make the rest.
    variables : mapping
        Its environment.
    workdir, user, port, command : str or sequence of str
    health_options, health_command : mapping, sequence of str
        How it is found out whether a container is healthy.
    """

    text: str
    base: str
    copies: Mapping[str, str]
    runs: Sequence[str]
    variables: Mapping[str, str]
    workdir: str
    user: str
    port: int
    command: Sequence[str]
    health_options: Mapping[str, str]
    health_command: Sequence[str]


def read_image() -> Image:
    """Return the image of the Dockerfile, which must have one stage."""
    text = DOCKERFILE.read_text()
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    instructions = re.findall(r"^([A-Z]+) (.*)$", re.sub(r"\\\n *", "", "\n".join(lines)), re.M)
    by_name: dict[str, list[str]] = {}
    for name, arguments in instructions:
        by_name.setdefault(name, []).append(arguments)
    known = {"ARG", "FROM", "WORKDIR", "COPY", "RUN", "ENV", "USER", "EXPOSE", "HEALTHCHECK", "CMD"}
    assert by_name.keys() == known, "teach this module the other instructions"
    (workdir,), (user,), (port,) = by_name["WORKDIR"], by_name["USER"], by_name["EXPOSE"]
    (arg,), (source,) = by_name["ARG"], by_name["FROM"]
    name, _, base = arg.partition("=")
    assert source == f"${{{name}}}"
    options, _, health = by_name["HEALTHCHECK"][0].partition("CMD ")
    return Image(
        text=text,
        base=base,
        copies={
            path: str(PurePosixPath(workdir, PurePosixPath(path).name if to == "." else to))
            for path, to in (arguments.split() for arguments in by_name["COPY"])
        },
        runs=by_name["RUN"],
        variables=dict(
            pair.split("=", 1) for arguments in by_name["ENV"] for pair in shlex.split(arguments)
        ),
        workdir=workdir,
        user=user,
        port=int(port),
        command=json.loads(by_name["CMD"][0]),
        health_options=dict(re.findall(r"--([a-z-]+)=(\S+)", options)),
        health_command=json.loads(health),
    )
