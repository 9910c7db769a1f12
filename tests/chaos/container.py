"""A container without a container engine: what the Dockerfile says, in a root of its own.

The root has Python and the locked libraries, read-only, what the image copies, and nothing else of
this machine but the system's shared libraries; no /etc, no /tmp, no other user. As in a container,
the server is process 1, and has neither the machine's environment nor any privilege. The network
is the machine's.
"""

import os
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from tests.support.image import Image, read_image
from tests.support.paths import ROOT

SYSTEM = ("/bin", "/lib", "/lib64", "/usr")  # links on many systems
VENV = "/opt/venv"
DEVICES = ("null", "random", "urandom", "zero")
DEADLINE = 30  # seconds

# Docker mounts the same file systems. The root itself is made read-only last.
_ENTER = """
set -eu
mount --make-rprivate /
mount --bind "$ROOT_DIRECTORY" "$ROOT_DIRECTORY"
cd "$ROOT_DIRECTORY"
for path in $READ_ONLY; do
  mount --bind "${path%%:*}" ".${path##*:}"
  mount -o remount,bind,ro,nosuid ".${path##*:}"
done
mount -t proc proc proc
mount -t tmpfs -o mode=755,size=64k none dev
for name in $DEVICES; do touch "dev/$name"; mount --bind "/dev/$name" "dev/$name"; done
mkdir dev/shm
mount -t tmpfs -o "mode=1777,nosuid,nodev,size=$SHM_SIZE" none dev/shm
mount -o remount,bind,ro "$ROOT_DIRECTORY"
"""


@dataclass
class Container:
    """A running one.

    Attributes
    ----------
    image : Image
    process : Popen
        That waits for the server.
    port : int
    """

    image: Image
    process: subprocess.Popen[bytes]
    port: int
    environment: Mapping[str, str]
    output: Path

    @property
    def server(self) -> int:
        """The id that the server has outside."""
        pid = self.process.pid
        (child,) = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        return int(child)

    @property
    def log(self) -> str:
        """What it wrote to stdout and stderr."""
        return self.output.read_text()

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Run a command in it, as `docker exec` does, and HEALTHCHECK."""
        enter = ["nsenter", f"--target={self.server}", "--mount", "--pid", "--root", "--wd"]
        return subprocess.run(
            [*enter, *_as_user(self.image.user), *command],
            env=self.environment,
            capture_output=True,
            text=True,
        )

    def stop(self) -> int:
        """Send SIGTERM to the server, as `docker stop` does, and return its exit status."""
        os.kill(self.server, signal.SIGTERM)
        return self.process.wait(timeout=60)


def _as_user(user: str) -> list[str]:
    """Return the command that another one follows, to be run by a user without any privilege."""
    uid, _, gid = user.partition(":")
    ids = [f"--reuid={uid}", f"--regid={gid}", "--clear-groups"]
    return ["setpriv", *ids, "--no-new-privs", "--bounding-set=-all", "--inh-caps=-all"]


def make_venv(path: Path) -> Path:
    """Return a virtual environment with the locked libraries, as the image has them."""
    uv = str(Path(sys.executable).with_name("uv"))
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(path)], check=True)
    arguments = ["--quiet", "--python", str(path), "--require-hashes", "--compile-bytecode"]
    requirements = ["-r", str(ROOT / "requirements-prod.txt")]
    subprocess.run([uv, "pip", "install", *arguments, *requirements], check=True)
    install, _, rest = read_image().runs[0].partition(" && ")
    assert install == "pip install --no-cache-dir --require-hashes -r requirements-prod.txt"
    _run(rest, path, path)
    return path


def _run(command: str, folder: Path, venv: Path) -> None:
    """Do what RUN does, with the Python of a virtual environment."""
    environment = {"PATH": f"{venv}/bin:{os.environ['PATH']}"}
    subprocess.run(["sh", "-ec", command], cwd=folder, env=environment, check=True)


@contextmanager
def running_container(
    root: Path,
    venv: Path,
    models: Path,
    key: Path,
    *,
    user: str = "",
    shm_size: str = "64m",
    **variables: str,
) -> Iterator[Container]:
    """Run the image's command.

    Parameters
    ----------
    root : Path
        An empty directory to put it into.
    venv : Path
        A virtual environment with the locked libraries; in the image they are beside Python's own.
    models, key : Path
        What is mounted where the image expects it; the key becomes the user's.
    user : str
        As with `docker run --user`.
    shm_size : str
        Of /dev/shm; 64 MB is what container engines give.
    **variables
        As with `docker run --env`.
    """
    image = read_image()
    image = replace(image, user=user or image.user)
    environment = {
        "PATH": f"{VENV}/bin:/usr/bin:/bin",
        "HOME": "/",  # of a user who is not in /etc/passwd
        **image.variables,
        **variables,
    }
    mounts = _fill(root, image, venv, models, key, environment["MODEL_SIGNING_KEY_FILE"])
    enter = {
        "ROOT_DIRECTORY": str(root),
        "READ_ONLY": " ".join(f"{source}:{target}" for source, target in mounts.items()),
        "DEVICES": " ".join(DEVICES),
        "SHM_SIZE": shm_size,
        "PATH": os.environ["PATH"],
    }
    clean = ["env", "-i", *(f"{name}={value}" for name, value in environment.items())]
    command = shlex.join([*clean, *_as_user(image.user), *image.command])
    change = f"exec chroot . /bin/sh -c {shlex.quote(f'cd {image.workdir} && exec {command}')}"
    unshare = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "bash", "-c"]
    output = root.with_name(f"{root.name}.log")
    with output.open("wb") as file:
        process = subprocess.Popen(
            [*unshare, _ENTER + change],
            env=enter,
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=file,
        )
    container = Container(image, process, int(environment["PORT"]), environment, output)
    try:
        deadline = time.monotonic() + DEADLINE
        while "Running on" not in container.log:
            assert process.poll() is None, container.log
            assert time.monotonic() < deadline, container.log
            time.sleep(0.02)
        yield container
    finally:
        process.kill()  # its child dies with it
        process.wait()


def _fill(
    root: Path, image: Image, venv: Path, models: Path, key: Path, key_file: str
) -> dict[str, str]:
    """Make the files and folders of a root, and return what is to be mounted where."""
    if os.geteuid() != 0:
        pytest.skip("only root may make a root for others")
    shutil.chown(key, *map(int, image.user.split(":")))
    key.chmod(0o400)
    root.chmod(0o755)
    for path, to in image.copies.items():
        place = root / to.removeprefix("/")
        place.parent.mkdir(parents=True, exist_ok=True)
        copy = shutil.copytree if (ROOT / path).is_dir() else shutil.copy
        copy(ROOT / path, place)
    for command in image.runs[1:]:
        _run(command, root / image.workdir.removeprefix("/"), venv)
    mounts = {
        sys.base_prefix: sys.base_prefix,
        str(venv): VENV,
        str(models): f"{image.workdir}/trained-models",
        str(key): key_file,
    }
    for system in map(Path, SYSTEM):
        if system.is_symlink():
            (root / system.name).symlink_to(system.readlink())
        elif system.exists():
            mounts[str(system)] = str(system)
    for source, target in mounts.items():
        point = root / target.removeprefix("/")
        folder = os.path.isdir(source)
        (point if folder else point.parent).mkdir(parents=True, exist_ok=True)
        if not folder:
            point.touch()
    for name in ("dev", "proc"):
        (root / name).mkdir()
    return mounts
