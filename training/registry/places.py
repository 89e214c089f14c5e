"""What a training makes on an MLflow server: an experiment, a registered model, a version of it, each made once.

MLflow's client sends a request again whose answer came too late. What the first one made is then there already, which
is as good; only of versions the second request makes another one, which is taken back.
"""

from collections.abc import Mapping

from mlflow import MlflowClient
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import RESOURCE_ALREADY_EXISTS, ErrorCode

EXPERIMENT = "wide_deep"
THERE_ALREADY = ErrorCode.Name(RESOURCE_ALREADY_EXISTS)


def ensure_experiment(client: MlflowClient) -> str:
    """Return the id of the experiment, which is made where there is none yet.

    Raises:
        MlflowException: MLflow does not answer, or refuses.
    """
    try:
        return str(client.create_experiment(EXPERIMENT))
    except MlflowException as err:
        if err.error_code != THERE_ALREADY:
            raise
    return str(client.get_experiment_by_name(EXPERIMENT).experiment_id)


def ensure_model(client: MlflowClient, name: str) -> None:
    """Make the registered model where there is none yet.

    Raises:
        MlflowException: MLflow does not answer, or refuses.
    """
    try:
        client.create_registered_model(
            name,
            description="Wide & Deep with two heads: which categories, and which products, a shopper buys within the "
            "horizon. `champion` serves; `challenger` was trained last. Move `champion` to promote, back to roll back.",
        )
    except MlflowException as err:
        if err.error_code != THERE_ALREADY:
            raise


def register_version(
    client: MlflowClient, name: str, run_id: str, source: str, tags: Mapping[str, str], description: str
) -> int:
    """Register what a run trained, and return its number: the first one's, where a request was sent twice.

    Raises:
        MlflowException: MLflow does not answer, or refuses.
    """
    client.create_model_version(name, source, run_id, tags=dict(tags), description=description)
    of_run = client.search_model_versions(f"name = '{name}' and run_id = '{run_id}'")
    first, *again = sorted(int(each.version) for each in of_run if each.source == source)
    for version in again:
        client.delete_model_version(name, str(version))
    return first
