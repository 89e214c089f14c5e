"""MLflow client: versions and aliases (never stages) of one registered model, and the runs that made them.

An alias is resolved to a version once per load, and the version travels on: the alias may move at any time.
"""

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import mlflow.environment_variables
from mlflow import MlflowClient
from mlflow.entities import Param, RunTag
from mlflow.entities.model_registry import ModelVersion
from mlflow.exceptions import MlflowException
from mlflow.tracking.context.registry import resolve_tags

from training.registry.errors import ForeignRegistryError, UnknownToRegistryError, mlflow_errors
from training.registry.installation import MARK, Installation
from training.registry.mlflow_run import Run
from training.registry.places import ensure_experiment, ensure_model, register_version
from training.version.files import identify, verify_folder
from training.version.mlflow_model import describe_model

CHAMPION, CHALLENGER = "champion", "challenger"
FINGERPRINT = "fingerprint"
PROCESSES = "processes"
"""Parameter of a run that several processes trained: how many."""
CONTENTS = "contents"
"""Tag of a version: the hash of its files, which tells it from another one that gets its number."""
GIVEN_BY, TAKEN_BY = "champion_given_by", "champion_taken_by"
"""Tags that MLflow's server sets at a move, where it has a login (`mlflow_server/movers.py`)."""
ALIAS_EVENTS = ("model_version_alias.created", "model_version_alias.deleted")
_ARTEFACT_PATH = "model"


class NamedVersion(NamedTuple):
    """A version as an alias names it. Numbers come again, after a rename or with a new database; run ids do not."""

    number: int
    run_id: str


@dataclass(frozen=True)
class KnownVersion:
    """What the registry says of a version; `fingerprint` is empty for one that was registered by hand."""

    version: int
    fingerprint: str
    tags: Mapping[str, str]
    aliases: frozenset[str]
    created_at: datetime


class Registry:
    """One registered model on one MLflow server. Every call ends within some 30 seconds."""

    def __init__(self, client: MlflowClient, model_name: str):
        self._client = client
        self.model_name = model_name

    def resolve_alias(self, alias: str) -> int | None:
        """Return the number of the version that an alias points at, None where it points nowhere."""
        named = self.resolve_version(alias)
        return named.number if named else None

    def resolve_version(self, alias: str) -> NamedVersion | None:
        """Return the version that an alias points at, None where it points nowhere."""
        with suppress(UnknownToRegistryError), mlflow_errors():
            found = self._client.get_model_version_by_alias(self.model_name, alias)
            return NamedVersion(int(found.version), str(found.run_id))
        return None

    def require_own(self, installation: Installation) -> None:
        """Refuse the MLflow of another installation, before anything is read from it or changed in it.

        A model that nobody marked is ours where another one beside it is: it was renamed, or `MODEL_NAME` is new.

        Raises:
            ForeignRegistryError: it is another's; the message says whose, and what to do.
            RegistryError: it does not answer.
        """
        if not installation.identifier:
            return
        mark = self.read_mark()
        stranger = installation.find_stranger(mark, self._client.tracking_uri)
        if stranger and (mark or not self._has_model_of(installation)):
            raise ForeignRegistryError(stranger)

    def _has_model_of(self, installation: Installation) -> bool:
        """Return whether any model here carries an installation's mark."""
        with mlflow_errors():
            found = self._client.search_registered_models(f"tags.`{MARK}` LIKE '{installation.identifier} %'", 1)
        return bool(found)

    def read_mark(self) -> str:
        """Return the mark of the installation that the model belongs to; empty where there is none."""
        with suppress(UnknownToRegistryError), mlflow_errors():
            return str(self._client.get_registered_model(self.model_name).tags.get(MARK, ""))
        return ""

    def write_mark(self, mark: str) -> None:
        """Mark the model as an installation's; makes it where there is none yet."""
        with mlflow_errors():
            ensure_model(self._client, self.model_name)
            self._client.set_registered_model_tag(self.model_name, MARK, mark)

    def set_alias(self, alias: str, version: int) -> None:
        """Point an alias at a version; MLflow knows no compare-and-set, the last writer wins."""
        with mlflow_errors():
            self._client.set_registered_model_alias(self.model_name, alias, str(version))

    def tags(self, version: int) -> dict[str, str]:
        """Return the tags of a version."""
        with mlflow_errors():
            return dict(self._client.get_model_version(self.model_name, str(version)).tags)

    def tag(self, version: int, key: str, value: str) -> None:
        """Set a tag on a version."""
        with mlflow_errors():
            self._client.set_model_version_tag(self.model_name, str(version), key, value)

    def find_tags(self, version: int) -> dict[str, str] | None:
        """Return the tags of a version; `None` where it is gone."""
        with suppress(UnknownToRegistryError):
            return self.tags(version)
        return None

    def untag(self, version: int, key: str) -> None:
        """Remove a tag that a version carries."""
        with mlflow_errors():
            self._client.delete_model_version_tag(self.model_name, str(version), key)

    def find_version(self, fingerprint: str) -> int | None:
        """Find the version that the same logical run registered before."""
        with mlflow_errors():
            found = self._client.search_model_versions(
                f"name = '{self.model_name}' and tags.{FINGERPRINT} = '{fingerprint}'"
            )
        return max((int(version.version) for version in found), default=None)

    def list_versions(self) -> list[KnownVersion]:
        """Return all versions of the model, with the aliases that name them."""
        with mlflow_errors():
            found: list[ModelVersion] = []
            token: str | None = ""
            while token is not None:
                page = self._client.search_model_versions(f"name = '{self.model_name}'", page_token=token or None)
                found += page
                token = page.token or None
            named = self._client.get_registered_model(self.model_name).aliases if found else {}
        aliases = {
            number: frozenset(name for name, other in named.items() if other == number) for number in named.values()
        }
        return [
            KnownVersion(
                int(each.version),
                each.tags.get(FINGERPRINT, ""),
                dict(each.tags),
                aliases.get(each.version, frozenset()),
                datetime.fromtimestamp(each.creation_timestamp / 1000, UTC),
            )
            for each in found
        ]

    def run_id_of(self, version: int) -> str:
        """Return the id of the run that trained a version: numbers come again after a rename, ids do not."""
        with mlflow_errors():
            return str(self._client.get_model_version(self.model_name, str(version)).run_id)

    def find_run_id(self, version: int) -> str | None:
        """Return the id of the run that trained a version; `None` where it is gone."""
        with suppress(UnknownToRegistryError):
            return self.run_id_of(version)
        return None

    def run_of(self, version: int) -> "dict[str, str]":
        """Return the parameters of the run that trained a version."""
        with mlflow_errors():
            run_id = self._client.get_model_version(self.model_name, str(version)).run_id
            return dict(self._client.get_run(run_id).data.params)

    def metrics_of(self, version: int) -> dict[str, float]:
        """Return the last value of each metric of the run that trained a version."""
        with mlflow_errors():
            run_id = self._client.get_model_version(self.model_name, str(version)).run_id
            return dict(self._client.get_run(run_id).data.metrics)

    def download(self, run_id: str, folder: Path) -> None:
        """Fetch the files that a run registered, and check them.

        Args:
            run_id: of the run.
            folder: where the files shall be; appears whole or not at all.

        Raises:
            ArtefactError: a file is missing, altered or unexpected.
            RegistryError: MLflow could not be reached, or has no such run.
        """
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".download-") as scratch:
            with mlflow_errors():
                fetched = Path(self._client.download_artifacts(run_id, _ARTEFACT_PATH, scratch))
            verify_folder(fetched)
            try:
                fetched.rename(folder)
            except OSError:
                if not folder.is_dir():  # else another worker was quicker
                    raise

    def ensure_webhook(self, name: str, url: str, secret: str) -> None:
        """Let MLflow call an address whenever an alias moves or goes; the same name again replaces address and secret.

        Args:
            name: of the webhook.
            url: to call.
            secret: that MLflow signs its calls with.

        Raises:
            RegistryError: MLflow does not answer, has no database behind it, or forbids such addresses.
        """
        with mlflow_errors():
            known = [hook.webhook_id for hook in self._client.list_webhooks(max_results=100) if hook.name == name]
            if known:
                self._client.update_webhook(known[0], url=url, secret=secret, events=list(ALIAS_EVENTS))
            else:
                self._client.create_webhook(name, url, list(ALIAS_EVENTS), secret=secret)

    @contextmanager
    def start_run(self, name: str, params: Mapping[str, object], tags: Mapping[str, str]) -> Iterator["Run"]:
        """Open a run; it ends FINISHED, or FAILED when the block raises. MLflow adds user, command and git commit."""
        with mlflow_errors():
            run_id = self._client.create_run(ensure_experiment(self._client), run_name=name).info.run_id
            self._client.log_batch(
                run_id,
                params=[Param(key, str(value)) for key, value in params.items()],
                tags=[RunTag(key, value) for key, value in {**resolve_tags(), **tags}.items()],
            )
        try:
            yield Run(self._client, run_id)
        except BaseException:
            with suppress(MlflowException):  # what failed may be MLflow itself
                self._client.set_terminated(run_id, "FAILED")
            raise
        with mlflow_errors():
            self._client.set_terminated(run_id, "FINISHED")

    def register(self, run: "Run", folder: Path, description: str, tags: Mapping[str, str]) -> int:
        """Upload a version's folder and register it.

        Args:
            run: that trained it.
            folder: as `export_version` wrote it; MLflow's own description of the model is added on the way.
            description: Markdown for the version's page.
            tags: of the version, beside the hash of its files.

        Returns:
            The version's number.
        """
        with tempfile.TemporaryDirectory() as scratch, mlflow_errors():
            model = Path(scratch) / _ARTEFACT_PATH
            describe_model(folder, model)
            self._client.log_artifacts(run.run_id, str(model), _ARTEFACT_PATH)
            ensure_model(self._client, self.model_name)
            artefacts = self._client.get_run(run.run_id).info.artifact_uri  # of runs:/, MLflow's page shows no schema
            source, tags = f"{artefacts}/{_ARTEFACT_PATH}", {**tags, CONTENTS: identify(folder)}
            return register_version(self._client, self.model_name, run.run_id, source, tags, description)


def link_version(ui: str, model_name: str, version: int) -> str:
    """Return the address of a version's page: without the workflow type MLflow opens as a GenAI product, model-less."""
    return f"{ui}/#/models/{model_name}/versions/{version}?workflowType=machine_learning"


def connect(tracking_uri: str, model_name: str) -> Registry:
    """Point at a server; nothing is asked of it yet."""
    mlflow.environment_variables.MLFLOW_HTTP_REQUEST_MAX_RETRIES.set(2)
    mlflow.environment_variables.MLFLOW_HTTP_REQUEST_TIMEOUT.set(10)
    mlflow.environment_variables.MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT.set(True)  # it leads to the wrong product
    return Registry(MlflowClient(tracking_uri, tracking_uri), model_name)
