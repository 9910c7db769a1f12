"""nginx with the configuration that is shipped."""

import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.support.paths import ROOT

NGINX = shutil.which("nginx") or "/usr/sbin/nginx"
TEMPORARY = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")


def free_port() -> int:
    """Return a port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running_nginx(
    root: Path, ports: Sequence[int], changes: Mapping[str, str] | None = None
) -> Iterator[int]:
    """Run nginx with deploy/nginx.conf, its addresses and files alone changed; give its port.

    Other changes to the text can be given.
    """
    port, text = free_port(), (ROOT / "deploy/nginx.conf").read_text()
    for shipped, changed in (changes or {}).items():
        assert shipped in text
        text = text.replace(shipped, changed)
    (root / "nginx").mkdir()
    paths = "".join(f"{name}_temp_path {root}/nginx/{name};\n" for name in TEMPORARY)
    text = re.sub(r"^user .*\n", "", text, flags=re.MULTILINE)
    text = text.replace("/run/nginx.pid", f"{root}/nginx/pid").replace("http {", f"http {{ {paths}")
    text = text.replace("/var/log/nginx", f"{root}/nginx").replace("listen 80", f"listen {port}")
    for shipped, actual in zip(("8081", "8082"), ports, strict=True):
        text = text.replace(f"127.0.0.1:{shipped}", f"127.0.0.1:{actual}")
    (root / "nginx.conf").write_text(text.replace(f"listen {port}", f"listen 127.0.0.1:{port}"))
    nginx = subprocess.Popen([NGINX, "-c", f"{root}/nginx.conf", "-g", "daemon off;"])
    try:
        until_listening(port)
        yield port
    finally:
        nginx.terminate()
        nginx.wait(timeout=30)


def until_listening(port: int) -> None:
    """Wait until somebody answers there."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    raise AssertionError(f"nobody listens on port {port}")
