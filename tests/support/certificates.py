"""Certificates for TLS."""

import shutil
import subprocess
from pathlib import Path

import pytest


def make_certificates(root: Path) -> Path:
    """Make certificates of an authority's, for the server and for a client, and return where."""
    if shutil.which("openssl") is None:
        pytest.skip("apt-get install openssl")
    for name, more in {
        "ca": "-addext keyUsage=critical,keyCertSign",  # Python 3.13 and later look for it
        "server": "-addext subjectAltName=DNS:localhost,IP:127.0.0.1 -CA ca.pem -CAkey ca.key",
        "client": "-CA ca.pem -CAkey ca.key",
    }.items():
        subprocess.run(
            "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2"
            f" -subj /CN={name} -keyout {name}.key -out {name}.pem {more}".split()
            + ([] if name == "ca" else ["-addext", "basicConstraints=critical,CA:FALSE"]),
            cwd=root,
            check=True,
            capture_output=True,
        )
    return root
