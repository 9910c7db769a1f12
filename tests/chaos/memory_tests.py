"""Memory: many versions, many requests, and no more of it."""

import os
import re
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import orjson

from app.helpers.files import make_filename
from app.settings import Settings
from app.store.model_file import (
    open_model_file,
    read_manifest,
    read_pickle,
    unpickle,
    write_model_file,
)
from tests.chaos.load import BODY
from tests.support.servers import read, running_server, workers_of

REQUESTS = int(os.environ.get("CHAOS_REQUESTS", "500000"))
VERSIONS = 200
ROUNDS = 10

Tell = Callable[[str], None]


def megabytes(pid: int) -> float:
    """Return the memory that a process has for itself."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(re.findall(r"RssAnon:\s+(\d+) kB", status)[0]) / 1024


def test_many_versions_stay_within_the_cap(config_with_v0: Settings, tell: Tell) -> None:
    """Each is asked for in turn, ten times."""
    config = config_with_v0
    key = config.model_signing_key.encode()
    root = Path(config.models_root)
    with open_model_file(str(root / "trained-model-v0.p")) as file:
        manifest = read_manifest(file, "v0", [key])
        pickle = read_pickle(file, manifest)
    estimator = unpickle(pickle)
    for number in range(1, VERSIONS):
        version = f"v{number}"
        path = str(root / make_filename(version))
        write_model_file(path, estimator, replace(manifest, version=version), key)
    sizes = []
    with running_server(config, 1) as (port, server):
        for _ in range(ROUNDS):
            for number in range(VERSIONS):
                read(port, f"/v{number}/predict", BODY)
            states = orjson.loads(read(port, "/readyz"))["versions"].values()
            assert len(states) == VERSIONS
            loaded = sum(state["state"] == "ready" for state in states)
            assert 0 < loaded <= config.max_loaded_models
            sizes.append(megabytes(workers_of(server)[0]))
    tell(
        f"{VERSIONS * ROUNDS} loads, never more than {config.max_loaded_models} in memory:"
        f" {sizes[0]:.1f} MB after the first round, {sizes[1]:.1f} after the second,"
        f" {sizes[-1]:.1f} after the last"
    )
    assert sizes[-1] < 1.2 * sizes[1]


def test_many_requests_take_no_memory(config_with_v0: Settings, tmp_path: Path, tell: Tell) -> None:
    """Growth after the first 200,000; CHAOS_REQUESTS says how many there are."""
    script = tmp_path / "post.lua"
    script.write_text(
        'wrk.method = "POST"\nwrk.headers["Content-Type"] = "application/json"\n'
        f"wrk.body = [==[{BODY.decode()}]==]\n"
    )

    def put_load(port: int, requests: int) -> int:
        """Make at least that many requests; return how many."""
        made = 0
        while made < requests:
            command = ["wrk", "-t1", "-c8", "-d5s", "--timeout", "30s", "-s", str(script)]
            url = f"http://127.0.0.1:{port}/v0/predict"
            done = subprocess.run([*command, url], capture_output=True, text=True, check=True)
            assert "Non-2xx" not in done.stdout
            assert "Socket errors" not in done.stdout
            made += int(re.findall(r"(\d+) requests in", done.stdout)[0])
        return made

    with running_server(config_with_v0, 1) as (port, server):
        worker = workers_of(server)[0]
        put_load(port, 200_000)  # the longest queue of records leaves its room behind
        before = megabytes(worker)
        made = put_load(port, REQUESTS)
        after = megabytes(worker)
    growth = (after - before) / made * 100_000
    tell(
        f"{made} requests, all 200: {before:.1f} MB before, {after:.1f} MB after,"
        f" {growth:+.2f} MB per 100,000"
    )
    assert growth < 1
