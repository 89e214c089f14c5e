"""Errors of the registry: MLflow's own are turned into two that say what to do."""

from collections.abc import Iterator
from contextlib import contextmanager

from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import INVALID_PARAMETER_VALUE, RESOURCE_DOES_NOT_EXIST, UNAUTHENTICATED, ErrorCode

MISSING = (ErrorCode.Name(RESOURCE_DOES_NOT_EXIST), ErrorCode.Name(INVALID_PARAMETER_VALUE))
"""MLflow calls an alias that was never set an invalid parameter."""
REFUSED = ErrorCode.Name(UNAUTHENTICATED)


class RegistryError(Exception):
    """MLflow could not be reached, or does not hold what was asked for."""


class UnknownToRegistryError(RegistryError):
    """MLflow answers, and does not hold what was asked for."""


class ForeignRegistryError(RegistryError):
    """The MLflow that answers is another installation's; asking again does not help."""


@contextmanager
def mlflow_errors() -> Iterator[None]:
    """Turn MLflow's errors into ours."""
    try:
        yield
    except MlflowException as err:
        if err.error_code == REFUSED:
            raise RegistryError(
                "MLflow refuses the login, which each installation with one draws for itself: another installation's "
                "answers there, or its password was changed"
            ) from err
        kind = UnknownToRegistryError if err.error_code in MISSING else RegistryError
        raise kind(f"MLflow says: {err.message.splitlines()[0]} ({err.error_code})") from err
