"""Names that the server and the audit log must mean alike: the server's image holds no training code to import."""

from mlflow_server import movers
from training.registry.client import CHAMPION, GIVEN_BY, TAKEN_BY


def test_server_and_audit_log_mean_the_same_alias_and_tags() -> None:
    assert (movers.ALIAS, movers.GIVEN_BY, movers.TAKEN_BY) == (CHAMPION, GIVEN_BY, TAKEN_BY)
