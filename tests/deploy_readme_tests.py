"""The commands of deploy/README.md that need systemd, a container engine, a cluster or root.

What they name is there, and what can be run of them is run. The commands in console blocks are run
by readme_tests.py, and those for one machine by chaos/operator_tests.py.
"""

import re
import shlex
import shutil
import tomllib
from typing import Any

import pytest
import yaml

from tests.support.checkouts import Checkout
from tests.support.operating import read_commands
from tests.support.paths import ROOT

COMMANDS = read_commands()
UNIT = next((ROOT / "deploy").glob("*@.service"))
KUBERNETES = {
    f"{resource['kind'].lower()}/{resource['metadata']['name']}": resource
    for path in (ROOT / "deploy/kubernetes").glob("*.yaml")
    for resource in yaml.safe_load_all(path.read_text())
    if "metadata" in resource
}
DEPLOYMENT = KUBERNETES["deployment/flask-sklearn-seed"]["spec"]["template"]["spec"]
PUBLISHER = KUBERNETES["pod/publisher"]["spec"]


def commands_of(program: str) -> list[str]:
    """Return the commands that run a program, without what precedes or follows it."""
    found = [command[command.index(f"{program} ") :] for command in COMMANDS if program in command]
    return [command.partition(" | ")[0] for command in found if command.startswith(program)]


def run(checkout: Checkout, command: str) -> str:
    """Return what a command prints; it must succeed."""
    program = shlex.split(command)[0]
    if shutil.which(program) is None:
        pytest.skip(f"this machine has no {program}")
    return checkout.run(f"set -e; {command}; echo done").removesuffix("done")


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory, dummy_model: str) -> Checkout:
    """A directory with a model and its key, as somebody has it who trained one."""
    return Checkout(tmp_path_factory.mktemp("checkout"), dummy_model)


def test_each_program_is_known_here() -> None:
    """One that is new in the README gets a test."""
    programs = {re.sub(r'^(\w+=("[^"]*"|\S*) )+', "", command).split()[0] for command in COMMANDS}
    one_machine = {"apt-get", "cd", "cp", "curl", "git", "install", "nginx", "python3", "systemctl"}
    others = {"docker", "kubectl", "pip", "promtool", "python"}
    assert programs == one_machine | {".venv/bin/pip"} | others


def test_the_libraries_that_are_named_are_those_that_we_test_with() -> None:
    """For those who want traces."""
    (command,) = commands_of("pip install opentelemetry-sdk")
    locked = (ROOT / "requirements-dev.txt").read_text()
    for name in command.split()[2:]:
        assert f"\n{name}==" in locked


def test_the_project_is_cloned_from_its_repository() -> None:
    """To the folder where the unit expects it."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    folder = re.findall(r"^WorkingDirectory=(.*)$", UNIT.read_text(), re.MULTILINE)[0]
    folder = folder.replace("%p", project["name"])
    (clone,) = (command for command in commands_of("git") if "clone" in command)
    assert clone == f"git clone {project['urls']['Repository']} {folder}"
    assert f"cd {folder}" in COMMANDS


def test_the_units_are_instances_of_ours() -> None:
    """One for each replica that nginx knows; or nginx itself."""
    nginx = (ROOT / "deploy/nginx.conf").read_text()
    ports = re.findall(r"^ +server 127.0.0.1:(\d+) ", nginx, re.MULTILINE)
    known = {UNIT.name.replace("@.service", f"@{port}") for port in ports}
    named = [word for command in commands_of("systemctl") for word in command.split()[2:]]
    assert set(named) - {"--now"} == known | {"nginx"}


@pytest.mark.parametrize("command", commands_of("docker"))
def test_docker_has_these_options(command: str, checkout: Checkout) -> None:
    """And the files that are named are there."""
    words = shlex.split(command)
    for path in re.findall(r"\bdeploy/[\w./]+", command):
        assert (ROOT / path).is_file()
    for path in re.findall(r'"\$PWD/([\w./-]+):', command):
        assert (checkout.directory / path).exists()
    if words[1] not in ("build", "run"):
        return  # plug-ins, which are not everywhere where docker is
    text = run(checkout, f"docker {words[1]} --help")
    for option in words[2:]:
        if option.startswith("-"):
            assert re.search(rf"(?<!\S){option}(?![\w-])", text), option


@pytest.mark.parametrize("command", commands_of("kubectl create"))
def test_kubectl_makes_what_the_pods_mount(command: str, checkout: Checkout) -> None:
    """The secret with the key, and the models as a ConfigMap."""
    if "--dry-run" not in command:
        command += " --dry-run=client -o yaml"
    made: dict[str, Any] = yaml.safe_load(run(checkout, command))
    if made["kind"] == "Secret":
        (secret,) = (volume["secret"] for volume in DEPLOYMENT["volumes"] if "secret" in volume)
        assert made["metadata"]["name"] == secret["secretName"]
        assert set(made["data"]) == {item["key"] for item in secret["items"]}
    else:
        assert made["kind"] == "ConfigMap"
        assert "trained-model-v0.p" in made["binaryData"]
        assert len(made["binaryData"]["trained-model-v0.p"]) < 2**20


@pytest.mark.parametrize("command", commands_of("kubectl"))
def test_kubectl_has_these_options_and_the_resources_exist(
    command: str, checkout: Checkout
) -> None:
    """Or are in the files that are applied."""
    words = shlex.split(command)
    for path in re.findall(r"\bdeploy/[\w./]+", command):
        assert (ROOT / path).exists()
    for kind, name in re.findall(r"\b(deployment|pod)[ /]([\w-]+)", command):
        assert f"{kind}/{name}" in KUBERNETES
    if words[1] == "create":
        return  # it is run above
    text = run(checkout, f"kubectl {' '.join(words[1 : 3 if words[1] == 'rollout' else 2])} --help")
    for option in words[: words.index("--") if "--" in words else None]:
        if option.startswith("-"):
            assert f"{option.partition('=')[0]}=" in text.replace(", ", "="), option


def test_a_model_is_published_where_the_pods_read_it() -> None:
    """Under another name first, in the folder of the volume."""
    (mount,) = PUBLISHER["containers"][0]["volumeMounts"]
    volumes = [*PUBLISHER["volumes"], *DEPLOYMENT["volumes"]]
    claims = [volume.get("persistentVolumeClaim") for volume in volumes]
    assert claims[0] == claims[1]
    (copy,) = commands_of("kubectl cp")
    (rename,) = commands_of("kubectl exec")
    pod, _, path = copy.split()[-1].partition(":")
    assert rename.split()[2] == pod == "publisher"
    assert path.startswith(f"{mount['mountPath']}/")
    assert rename.split()[-2:] == [path, f"{mount['mountPath']}/trained-model-v0.p"]


def test_promtool_checks_the_rules(checkout: Checkout) -> None:
    """As the README says."""
    (command,) = commands_of("promtool")
    assert "SUCCESS" in run(checkout, command)
