"""One machine, set up and upgraded by the very commands of deploy/README.md.

The machine is this one, with folders of its own for all that is written, and without a network: the
repository and the libraries are on its disk. systemctl is replaced by `systemctl.py`, since systemd
does not run here; git, pip, nginx and the servers are real.
"""

import os
import shlex
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.support.nginx import NGINX
from tests.support.operating import read_commands
from tests.support.paths import ROOT

if not os.path.exists(NGINX):
    pytest.skip("apt-get install nginx", allow_module_level=True)

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
SETUP = "On one machine, with systemd and nginx"
UPGRADE = "Upgrade"
SYSTEM = "/usr/sbin:/usr/bin:/sbin:/bin"
MACHINE = """
set -eu
mount --make-rprivate /
for folder in etc python; do mkdir "$WORK/$folder"; done
cp -a /etc/. "$WORK/etc"
mkdir -p "$WORK/etc/systemd/system"
mount --bind "$WORK/etc" /etc
mount --bind "$PYTHON" "$WORK/python"
for folder in /opt /root /run /var/log; do mount -t tmpfs -o mode=755 none $folder; done
if [ ! -e "$PYTHON" ]; then mkdir -p "$PYTHON"; mount --bind "$WORK/python" "$PYTHON"; fi
mount -t proc proc /proc
mkdir /var/log/nginx
python3 -c '
import fcntl, socket, struct
with socket.socket() as any:  # "lo" goes up
    fcntl.ioctl(any, 0x8914, struct.pack("16sh", b"lo", 1))
'
"""
WATCH = """
import http.client, sys, time
BODY = '{"id": "2", "x_1": -2.0, "x_2": -0.414120, "x_3": 0.2131, "x_4": -1.2}'
while True:
    connection = http.client.HTTPConnection("localhost", timeout=5)
    try:
        connection.request("POST", "/v0/predict", BODY, {"Content-Type": "application/json"})
        print(connection.getresponse().status, flush=True)
    except OSError as error:
        print(repr(error), flush=True)
    connection.close()
    time.sleep(0.01)
"""


@pytest.fixture(scope="module")
def remote(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository with the current commit, for `git clone`."""
    path = tmp_path_factory.mktemp("remote") / "remote.git"
    subprocess.run(["git", "init", "--quiet", "--bare", "-b", "main", str(path)], check=True)
    subprocess.run(["git", "-C", str(path), "config", "receive.shallowUpdate", "true"], check=True)
    push = ["git", "-C", str(ROOT), "push", "--quiet", str(path), "HEAD:refs/heads/main"]
    if subprocess.run(push).returncode != 0:
        pytest.skip("this is no git repository")
    return path


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The locked libraries, for pip."""
    path = tmp_path_factory.mktemp("wheels")
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"]
    locked = ["--require-hashes", "-r", str(ROOT / "requirements-prod.txt")]
    subprocess.run([*pip, *locked, "--dest", str(path)], check=True)
    return path


@pytest.fixture
def programs(tmp_path: Path) -> Path:
    """Programs in place of those that would change this machine."""
    folder = tmp_path / "bin"
    folder.mkdir()
    shutil.copy(ROOT / "tests/chaos/systemctl.py", folder / "systemctl.py")
    texts = {
        "systemctl": f'exec "$PYTHON/bin/python3" {folder}/systemctl.py "$@"',
        "apt-get": 'test "$*" = "install nginx"',  # it is installed
    }
    for name, text in texts.items():
        (folder / name).write_text(f"#!/bin/sh\n{text}\n")
        (folder / name).chmod(0o755)
    return folder


def test_one_machine_is_set_up_and_upgraded(
    tmp_path: Path, remote: Path, wheels: Path, programs: Path
) -> None:
    """Each command succeeds, and during the upgrade no request fails."""
    if os.geteuid() != 0:
        pytest.skip("only root may make a machine of its own")
    setup = read_commands(SETUP, consoles=True)
    upgrade = [command for command in read_commands(UPGRADE) if "kubectl" not in command]
    assert len(setup) > 10
    assert len(upgrade) > 5
    commit = (
        f"new=$(git -C {remote} commit-tree -p main -m 'A new version' 'main^{{tree}}');"
        f" git -C {remote} update-ref refs/heads/main $new"
    )
    script = "\n".join(
        [
            MACHINE,
            "set -x",
            *setup,
            f"python3 -c {shlex.quote(WATCH)} > {tmp_path}/answers & watch=$!",
            commit,
            *upgrade,
            "git log -1 --format=%s",
            "kill $watch",
            "wc -l /var/log/flask-sklearn-seed/application.log",
            "cat /var/log/flask-sklearn-seed@8081",
        ]
    )
    folder = f"/opt/{PROJECT['name']}"
    environment = {
        "PATH": f"{programs}:{folder}/.venv/bin:{sys.base_prefix}/bin:{SYSTEM}",
        "PYTHON": sys.base_prefix,
        "WORK": str(tmp_path),
        "PIP_NO_INDEX": "1",
        "PIP_FIND_LINKS": str(wheels),
        "PIP_QUIET": "1",
        "GIT_CONFIG_COUNT": "2",
        "GIT_CONFIG_KEY_0": f"url.{remote}.insteadOf",
        "GIT_CONFIG_VALUE_0": PROJECT["urls"]["Repository"],
        "GIT_CONFIG_KEY_1": "safe.directory",
        "GIT_CONFIG_VALUE_1": "*",
        "GIT_AUTHOR_NAME": "a",
        "GIT_AUTHOR_EMAIL": "a@example.com",
        "GIT_COMMITTER_NAME": "a",
        "GIT_COMMITTER_EMAIL": "a@example.com",
        "OMP_NUM_THREADS": "1",
        "HOME": "/root",
    }
    unshare = ["unshare", "--mount", "--net", "--pid", "--fork", "--kill-child"]
    done = subprocess.run(
        [*unshare, "bash", "-c", script],
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout
    assert "\nA new version\n" in done.stdout
    answers = (tmp_path / "answers").read_text().splitlines()
    assert len(answers) > 50
    assert set(answers) == {"200"}
