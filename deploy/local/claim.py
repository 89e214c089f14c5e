"""Claim of the MLflow that `make up` started: the installation's id goes onto its registered model."""

from deploy.interpreter import SetupError
from settings import Settings
from training.registry.client import connect
from training.registry.errors import RegistryError
from training.registry.installation import draw_installation, keep_installation


def claim_mlflow(settings: Settings) -> None:
    """Mark the registered model with this installation's id, drawn the first time.

    Args:
        settings: where things run. The MLflow at `MLFLOW_PORT` is this installation's own, whatever its database held
            before; one that `MLFLOW_TRACKING_URI` names elsewhere may be another's.

    Raises:
        SetupError: that MLflow belongs to another installation, or does not answer.
    """
    installation = draw_installation(settings.var_dir)
    registry = connect(settings.mlflow_tracking_uri, settings.model_name)
    try:
        mark = registry.read_mark()
        stranger = installation.find_stranger(mark, settings.mlflow_tracking_uri) if mark else ""
        if stranger and settings.mlflow_tracking_uri != settings.mlflow_ui:
            raise SetupError(f"MLFLOW_TRACKING_URI is not ours: {stranger}; or choose another MODEL_NAME.")
        if mark != installation.mark:
            registry.write_mark(installation.mark)
    except RegistryError as err:
        raise SetupError(f"MLflow could not be marked as this installation's. {err}") from err
    keep_installation(installation)
