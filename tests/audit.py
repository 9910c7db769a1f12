"""`make audit`: known vulnerabilities in the locked libraries, and secrets in the tracked files."""

import json
import subprocess
import sys
from pathlib import Path

from tests.support.paths import ROOT

BIN = Path(sys.executable).parent
LOCKS = ["requirements-prod.txt", "requirements-dev.txt"]
# What looks like a secret and is none: keys that only tests know, a version, a request's id.
NO_SECRETS = [
    "only-for-these-tests",
    "correct-horse-battery-staple",
    "a key that only these tests sign with",
    '"hidden"',
    "first-key, second-key",
    '"a secret"',
    'API_KEYS="a,b"',
    'api_keys="a,b"',
    "9f86d081884c7d65",
    "secretName",
]


def audit_lock(name: str) -> bool:
    """Tell each known vulnerability of a lock's libraries; return whether there is none.

    Where the service that knows them cannot be reached, say so: that is nobody's fault here.
    """
    options = ["--require-hashes", "--disable-pip", "--format", "json", "--progress-spinner", "off"]
    command = [str(BIN / "pip-audit"), *options, "--requirement", name]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if not result.stdout:
        print(f"{name}: not audited, {result.stderr.strip().splitlines()[-1]}")
        return True
    libraries = json.loads(result.stdout)["dependencies"]
    found = [(known, library) for library in libraries for known in library.get("vulns", [])]
    for known, library in found:
        fixed = ", ".join(known["fix_versions"]) or "no version"
        print(f"{name}: {library['name']} {library['version']}: {known['id']}, fixed in {fixed}")
    audited = sum("vulns" in library for library in libraries)
    print(f"{name}: {audited} of {len(libraries)} libraries audited, {len(found)} vulnerabilities")
    if audited == 0:
        print("The vulnerability service cannot be reached: nothing is known of any of them.")
    return not found


def find_secrets() -> bool:
    """Tell each line of a tracked file that may hold a secret; return whether there is none."""
    files = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True)
    names = files.stdout.decode().rstrip("\0").split("\0")
    excluded = [option for text in NO_SECRETS for option in ("--exclude-lines", text)]
    command = [str(BIN / "detect-secrets-hook"), "--no-verify", *excluded, *names]
    result = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    print(result.stdout or f"{len(names)} files, no secrets")
    return result.returncode == 0


if __name__ == "__main__":
    results = [*map(audit_lock, LOCKS), find_secrets()]
    raise SystemExit(not all(results))
