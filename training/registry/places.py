"""Where a version goes on an MLflow server: its experiment and its registered model, each made once.

MLflow's client sends a request again whose answer came too late. What the first one made is then there already, which
is as good.
"""

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
