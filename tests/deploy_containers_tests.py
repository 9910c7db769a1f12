"""The image, Compose and Kubernetes: accepted by who reads them, and in agreement with the code."""

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml
from flask import Flask

from app.settings import SECRETS, Settings
from tests.support.image import DOCKERFILE, read_image
from tests.support.paths import ROOT

IMAGE = read_image()
COMPOSE = ROOT / "deploy/compose.yaml"
KUBERNETES = ROOT / "deploy/kubernetes"
SERVICE = yaml.safe_load(COMPOSE.read_text())["services"]["server"]
KUSTOMIZATION = yaml.safe_load((KUBERNETES / "kustomization.yaml").read_text())
RESOURCES = {
    resource["kind"]: resource
    for name in KUSTOMIZATION["resources"]
    for resource in yaml.safe_load_all((KUBERNETES / name).read_text())
}
PUBLISHER = yaml.safe_load((KUBERNETES / "publisher.yaml").read_text())
POD = RESOURCES["Deployment"]["spec"]["template"]["spec"]
(CONTAINER,) = POD["containers"]
SETTINGS = {name.upper() for name in Settings.__dataclass_fields__}
PROBES = [name for name in CONTAINER if name.endswith("Probe")]


def seconds(text: str) -> int:
    """Return how long `40s` is."""
    assert text.endswith("s")
    return int(text[:-1])


def variables_of(container: dict[str, Any]) -> dict[str, Any]:
    """Return the environment of a container in Kubernetes."""
    return {variable["name"]: variable.get("value") for variable in container["env"]}


# The image


def test_the_dockerfile_has_no_known_mistake() -> None:
    """Says hadolint."""
    hadolint = str(Path(sys.executable).with_name("hadolint"))
    result = subprocess.run([hadolint, str(DOCKERFILE)], capture_output=True, text=True)
    assert (result.returncode, result.stdout) == (0, "")


def test_the_image_has_what_it_needs_and_no_more() -> None:
    """What is copied is there, and nothing else is even sent to who builds it."""
    assert all((ROOT / path).exists() for path in IMAGE.copies)
    ignore = (ROOT / ".dockerignore").read_text().splitlines()
    assert {line for line in ignore if line[:1] == "!"} == {f"!{path}" for path in IMAGE.copies}
    assert "*" in ignore
    for script in (IMAGE.health_command[-1], IMAGE.command[-1].replace(".", "/") + ".py"):
        path = f"{IMAGE.workdir}/{script}"
        assert any(path == to or path.startswith(f"{to}/") for to in IMAGE.copies.values())


def test_the_image_runs_as_a_number_that_is_not_root() -> None:
    """The same one everywhere, and its group."""
    user, _, group = IMAGE.user.partition(":")
    context = POD["securityContext"]
    assert int(user) > 0
    assert (context["runAsUser"], context["runAsGroup"]) == (int(user), int(group))
    assert context["runAsNonRoot"] is True
    assert context["fsGroup"] == int(group)
    assert SERVICE["user"] == f"${{SERVER_USER:-{IMAGE.user}}}"


def test_no_key_is_in_the_image_or_in_an_environment() -> None:
    """It is a file; a key in the environment is shown by `docker inspect`."""
    variables = variables_of(CONTAINER)
    assert {name for name in variables if variables[name] is None} == {"API_KEYS"}  # of a secret
    for names in (IMAGE.variables, SERVICE["environment"], variables.keys() - {"API_KEYS"}):
        assert not set(names) & set(SECRETS)
    assert not re.search(r"(-e|--env) ", IMAGE.text)


def test_what_is_set_is_a_setting() -> None:
    """In the image, in Compose and in Kubernetes."""
    for names in (IMAGE.variables, SERVICE["environment"], variables_of(CONTAINER)):
        assert set(names) <= SETTINGS


def test_all_put_the_models_and_the_key_where_the_server_looks() -> None:
    """As volumes that cannot be written to."""
    key, models = IMAGE.variables["MODEL_SIGNING_KEY_FILE"], f"{IMAGE.workdir}/trained-models"
    assert Settings().models_root == str(ROOT / "trained-models")
    assert re.findall(r'--volume "\S+?:(\S+?):ro"', IMAGE.text) == [models, key]
    assert [volume.split(":")[1:] for volume in SERVICE["volumes"]] == [[models, "ro"]]
    assert [f"/run/secrets/{secret}" for secret in SERVICE["secrets"]] == [key]
    mounts = {mount["name"]: mount for mount in CONTAINER["volumeMounts"]}
    assert all(mount["readOnly"] for mount in mounts.values())
    volumes = {volume["name"]: volume for volume in POD["volumes"]}
    assert volumes.keys() == mounts.keys()
    assert mounts["models"]["mountPath"] == models
    claim = volumes["models"]["persistentVolumeClaim"]["claimName"]
    assert claim == RESOURCES["PersistentVolumeClaim"]["metadata"]["name"]
    (item,) = volumes["keys"]["secret"]["items"]
    path = f"{mounts['keys']['mountPath']}/{item['path']}"
    assert variables_of(CONTAINER)["MODEL_SIGNING_KEY_FILE"] == path


def test_all_listen_where_requests_arrive() -> None:
    """On the port of the image, by name in Kubernetes."""
    assert Settings().port == IMAGE.port
    assert SERVICE["ports"] == [f"8080:{IMAGE.port}"]
    (port,) = CONTAINER["ports"]
    assert port["containerPort"] == IMAGE.port
    assert [one["targetPort"] for one in RESOURCES["Service"]["spec"]["ports"]] == [port["name"]]
    assert {CONTAINER[probe]["httpGet"]["port"] for probe in PROBES} == {port["name"]}
    annotations = RESOURCES["Deployment"]["spec"]["template"]["metadata"]["annotations"]
    assert annotations["prometheus.io/port"] == str(IMAGE.port)


def test_all_wait_until_the_running_requests_are_answered() -> None:
    """Longer than the server itself does."""
    timeout = Settings().shutdown_timeout
    (stop,) = re.findall(r"--stop-timeout (\d+)", IMAGE.text)
    _, pause = CONTAINER["lifecycle"]["preStop"]["exec"]["command"]
    assert int(stop) > timeout
    assert seconds(SERVICE["stop_grace_period"]) > timeout
    assert POD["terminationGracePeriodSeconds"] > timeout + int(pause)


def test_all_keep_the_root_read_only_and_give_no_privilege() -> None:
    """Nor may the server get one."""
    for option in ("--read-only", "--cap-drop ALL", "--security-opt no-new-privileges"):
        assert option in IMAGE.text
    assert SERVICE["read_only"] is True
    assert SERVICE["cap_drop"] == ["ALL"]
    assert SERVICE["security_opt"] == ["no-new-privileges:true"]
    assert CONTAINER["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }


def test_the_readme_runs_it_as_the_dockerfile_says() -> None:
    """With the same options."""

    def commands(text: str) -> list[str]:
        joined = " ".join(re.sub(r"^# +", "", text, flags=re.MULTILINE).replace("\\\n", "").split())
        return re.findall(r"docker run .*? flask-sklearn-seed\b", joined)

    assert commands(IMAGE.text) == commands((ROOT / "deploy/README.md").read_text()) != []


# Compose


def test_compose_takes_its_file() -> None:
    """Says the schema of Compose."""
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec"]
    result = subprocess.run([*command, str(COMPOSE)], capture_output=True, text=True)
    assert result.returncode == 0, result.stdout


def test_compose_builds_the_same_image() -> None:
    """From the same base, unless another one is given."""
    build = SERVICE["build"]
    assert (COMPOSE.parent / build["context"]).resolve() == ROOT
    assert ROOT / build["dockerfile"] == DOCKERFILE
    assert build["args"] == {"BASE_IMAGE": f"${{BASE_IMAGE:-{IMAGE.base}}}"}


# Kubernetes


@pytest.mark.parametrize("resource", [*RESOURCES.values(), PUBLISHER], ids=lambda one: one["kind"])
def test_kubernetes_takes_each_resource(resource: dict[str, Any]) -> None:
    """Says its own schema, which allows no other keys."""
    latest = kubernetes_validate.latest_version()
    kubernetes_validate.validate(resource, latest, strict=True)


def test_who_publishes_models_may_not_do_more_than_the_server() -> None:
    """It is the same user, and writes to the same volume."""
    assert PUBLISHER["spec"]["securityContext"] == POD["securityContext"]
    (container,) = PUBLISHER["spec"]["containers"]
    assert container["securityContext"] == CONTAINER["securityContext"]
    assert container["image"] == IMAGE.base
    assert PUBLISHER["spec"]["automountServiceAccountToken"] is False


def test_kustomize_takes_all_of_them() -> None:
    """Each file of the folder is listed, and the image gets its name there."""
    files = {path.name for path in KUBERNETES.iterdir()} - {"kustomization.yaml"}
    assert set(KUSTOMIZATION["resources"]) == files - {"publisher.yaml"}  # it need not run
    assert [image["name"] for image in KUSTOMIZATION["images"]] == [CONTAINER["image"]]
    if shutil.which("kubectl") is None:
        pytest.skip("this machine has no kubectl")
    command = ["kubectl", "kustomize", str(KUBERNETES)]
    result = subprocess.run(command, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    built = list(yaml.safe_load_all(result.stdout))
    assert {resource["kind"] for resource in built} == RESOURCES.keys()
    (image,) = re.findall(r"^ +image: (.*)$", result.stdout, re.MULTILINE)
    (new,) = KUSTOMIZATION["images"]
    assert image == f"{new['newName']}:{new['newTag']}"


def test_each_probe_asks_for_a_path_of_the_server(app: Flask) -> None:
    """Which needs no key, and the server answers."""
    client = app.test_client()
    for probe in PROBES:
        path = CONTAINER[probe]["httpGet"]["path"]
        assert client.get(path).status_code == 200, path
    assert len(PROBES) == 3


def test_the_resources_are_about_each_other() -> None:
    """What selects pods selects these, and what scales names what makes them."""
    deployment = RESOURCES["Deployment"]
    labels = deployment["spec"]["template"]["metadata"]["labels"]
    assert deployment["spec"]["selector"]["matchLabels"] == labels
    assert RESOURCES["Service"]["spec"]["selector"] == labels
    assert RESOURCES["PodDisruptionBudget"]["spec"]["selector"]["matchLabels"] == labels
    (spread,) = POD["topologySpreadConstraints"]
    assert spread["labelSelector"]["matchLabels"] == labels
    scaler = RESOURCES["HorizontalPodAutoscaler"]["spec"]
    target = scaler["scaleTargetRef"]
    assert (target["kind"], target["name"]) == ("Deployment", deployment["metadata"]["name"])
    assert "replicas" not in deployment["spec"]  # the autoscaler's work would be undone
    assert scaler["minReplicas"] > RESOURCES["PodDisruptionBudget"]["spec"]["maxUnavailable"]
    assert CONTAINER["resources"]["requests"]["cpu"]  # the autoscaler counts in shares of it
