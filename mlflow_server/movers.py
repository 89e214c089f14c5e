"""MLflow's login application, which also notes on a version who gives it the alias `champion`, or takes it away.

MLflow keeps no record of who moves an alias and its webhooks name nobody; the audit log reads these tags. The folder
`plugin/` makes the application known to MLflow, for `--app-name login`. Imports nothing of ours: it runs in MLflow's
own process.
"""

import logging
from typing import Any

from flask import Flask, g, request
from mlflow.entities.model_registry import ModelVersionTag
from mlflow.server import app as mlflow_app
from mlflow.server.auth import create_app as create_login
from mlflow.server.handlers import _get_model_registry_store

ALIAS = "champion"
GIVEN_BY, TAKEN_BY = "champion_given_by", "champion_taken_by"
_PATH = "/mlflow/registered-models/alias"

logger = logging.getLogger(__name__)


def create_app(app: Flask = mlflow_app) -> Any:
    """Make the application that MLflow's server runs.

    Args:
        app: MLflow's.

    Returns:
        It, behind the login.
    """
    behind_login = create_login(app)
    app.before_request(_note_mover)  # after the login's own: a request that it refuses does not come here
    return behind_login


def _note_mover() -> None:
    """Note it before the alias moves, so that whoever sees the move finds it; never breaks the request."""
    if not request.path.endswith(_PATH) or request.method not in {"POST", "DELETE"}:
        return
    body = request.get_json(silent=True) if request.is_json else None
    asked = body if isinstance(body, dict) else request.args.to_dict()
    if asked.get("alias") != ALIAS:
        return
    try:
        _tag(str(asked.get("name")), asked.get("version"), g.mlflow_authenticated_user)
    except Exception as err:  # what is wrong with the request, MLflow answers itself
        logger.warning("mover of the alias not noted: %s: %s", type(err).__name__, err)


def _tag(model: str, version: object, user: str) -> None:
    store = _get_model_registry_store()
    if request.method == "POST":
        store.set_model_version_tag(model, str(version), ModelVersionTag(GIVEN_BY, user))
    else:
        carrier = store.get_model_version_by_alias(model, ALIAS)
        store.set_model_version_tag(model, carrier.version, ModelVersionTag(TAKEN_BY, user))
