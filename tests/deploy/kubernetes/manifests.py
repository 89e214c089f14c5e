"""What `kubectl kustomize` makes of deploy/kubernetes, and what docker-compose.yml says of the same services."""

import subprocess
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.development.kubectl import KUBECTL

ROOT = Path(__file__).parents[3]
FOLDER = ROOT / "deploy" / "kubernetes"
OVERLAYS = ("demo", "production")
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, Any] = COMPOSE["services"]
VALUES: dict[str, Any] = yaml.safe_load((FOLDER / "airflow-values.yaml").read_text())
SETTINGS = dict(
    line.split("=", 1) for line in (FOLDER / "base/settings.env").read_text().splitlines() if not line.startswith("#")
)


@dataclass(frozen=True)
class Container:
    """A container of a workload, with the pod that it runs in."""

    name: str
    image: str
    spec: dict[str, Any]
    pod: dict[str, Any]

    @property
    def secrets(self) -> set[str]:
        """Paths of the secret files that it can read, those of the object store's account apart."""
        mounted = {mount["name"]: mount["mountPath"] for mount in self.spec["volumeMounts"]}
        return {
            f"{mounted[volume['name']]}/{item['path']}"
            for volume in self.pod["volumes"]
            if volume["name"] in mounted
            for item in list_items(volume)
        }

    @property
    def writable(self) -> set[str]:
        """Paths that it may write to."""
        return {mount["mountPath"] for mount in self.spec["volumeMounts"] if not mount.get("readOnly")}


def list_items(volume: dict[str, Any]) -> list[dict[str, str]]:
    """List which keys of the installation's Secret a volume shows, and as which files."""
    sources = [volume["secret"]] if "secret" in volume else []
    sources += [source["secret"] for source in volume.get("projected", {}).get("sources", [])]
    return [item for source in sources if "secrets" in source.values() for item in source["items"]]


@lru_cache
def build(overlay: str) -> tuple[dict[str, Any], ...]:
    """Build an overlay, as `kubectl apply --kustomize` would."""
    kubectl = KUBECTL.find()
    if kubectl is None:
        pytest.skip("there is no kubectl: `make test` fetches it where it can be had")
    command = [str(kubectl), "kustomize", str(FOLDER / overlay)]
    built = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert built.returncode == 0, built.stderr
    return tuple(yaml.safe_load_all(built.stdout))


def of_kind(overlay: str, *kinds: str) -> dict[str, dict[str, Any]]:
    """Return the objects of some kinds by name."""
    return {each["metadata"]["name"]: each for each in build(overlay) if each["kind"] in kinds}


def pods(overlay: str) -> dict[str, dict[str, Any]]:
    """Return the pod of each workload by the workload's name."""
    return {name: each["spec"]["template"]["spec"] for name, each in of_kind(overlay, "Deployment", "Job").items()}


def containers(overlay: str) -> dict[str, Container]:
    """Return all containers, by workload and name where they only wait, else by name."""
    found = {}
    for workload, pod in pods(overlay).items():
        for spec in [*pod.get("initContainers", []), *pod["containers"]]:
            name = spec["name"]
            found[f"{workload}/{name}" if name.startswith("await") else name] = Container(
                name, spec["image"], spec, pod
            )
    return found
