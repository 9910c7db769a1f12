"""What systemctl does with the unit in deploy/, where systemd does not run.

It understands `enable --now`, `restart` and `reload`, and of a unit what decides how the server
runs: its user, environment, credential, working directory and log directory, and how it is stopped.
(The restrictions of the file system and of system calls are left out.)
"""

import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

UNITS = Path("/etc/systemd/system")
STATE = Path("/run/units")
NGINX_PID = Path("/run/nginx.pid")


def main(verb: str, *arguments: str) -> None:
    """Do what is asked with each unit."""
    for unit in (argument for argument in arguments if not argument.startswith("-")):
        if unit == "nginx":
            reload_nginx()
        else:
            assert verb in ("enable", "restart"), verb
            stop(unit)
            start(unit)


def reload_nginx() -> None:
    """Start it if it does not run, which installing the package would have done."""
    pid = NGINX_PID.read_text() if NGINX_PID.exists() else ""  # nginx -t leaves an empty file
    if pid:
        os.kill(int(pid), signal.SIGHUP)
    else:
        subprocess.run(["nginx"], check=True)


def start(unit: str) -> None:
    """Start the server as the unit's template says."""
    name, _, instance = unit.partition("@")
    credentials = Path("/run/credentials", unit)
    specifiers = {"%i": instance, "%p": name, "%d": str(credentials)}
    text = (UNITS / f"{name}@.service").read_text()
    text = re.sub("%[ipd]", lambda match: specifiers[match[0]], text)
    lines = re.findall(r"^(\w+)=(.*)$", text, re.MULTILINE)
    values = dict(lines)
    assert values["DynamicUser"] == "yes"
    uid = gid = 61184 + int(instance) % 1000  # of systemd's range for them
    logs = Path("/var/log", values["LogsDirectory"])
    logs.mkdir(exist_ok=True)
    shutil.chown(logs, uid, gid)
    credential, _, source = values["LoadCredential"].partition(":")
    credentials.mkdir(parents=True, exist_ok=True)
    (credentials / credential).unlink(missing_ok=True)
    shutil.copy(source, credentials / credential)
    shutil.chown(credentials / credential, uid, gid)
    (credentials / credential).chmod(0o400)
    environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}
    for key, value in lines:
        if key == "Environment":
            environment |= dict(pair.split("=", 1) for pair in shlex.split(value))
    assert values["EnvironmentFile"].startswith("-")  # it need not be there, and is not
    with open(f"/var/log/{unit}", "ab") as output:
        server = subprocess.Popen(
            shlex.split(values["ExecStart"]),
            cwd=values["WorkingDirectory"],
            env=environment,
            user=uid,
            group=gid,
            extra_groups=[],
            umask=int(values["UMask"], 8),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    STATE.mkdir(exist_ok=True)
    (STATE / unit).write_text(f"{server.pid} {values['TimeoutStopSec']}")


def stop(unit: str) -> None:
    """Send SIGTERM to the server process alone, and wait until it has ended."""
    if not (STATE / unit).exists():
        return
    pid, timeout = map(int, (STATE / unit).read_text().split())
    os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + timeout
    while is_running(pid):
        assert time.monotonic() < deadline, f"{unit} does not stop"
        time.sleep(0.05)


def is_running(pid: int) -> bool:
    """Whether a process is neither gone nor a zombie."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return False
    return status.rpartition(") ")[2][0] != "Z"


if __name__ == "__main__":
    main(*sys.argv[1:])
