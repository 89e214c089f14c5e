"""The API keeps its own description: whatever is sent, the answer is one that OpenAPI announces, and never a 5xx."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from api.application import create_app
from api.openapi import COMMITTED
from settings import Settings
from shop.database import open_engine
from shop.migrate import PLATFORM, migrate
from tests.api.conftest import PATIENT, publish_by_hand, serve
from tests.support.tiny_shop import fill_tiny_shop

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]

description = schemathesis.openapi.from_dict(json.loads(COMMITTED.read_text(encoding="utf-8")))


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """An API over the published tiny shop, on a real port."""
    folder: Path = tmp_path_factory.mktemp("contract")
    url = f"sqlite:///{folder / 'shop.db'}"
    engine = open_engine(url)
    migrate(engine)
    migrate(engine, PLATFORM)
    fill_tiny_shop(engine)
    publish_by_hand(engine)
    engine.dispose()
    with serve(
        create_app(Settings(var_dir=folder, shop_database_url=url, platform_database_url=url), PATIENT)
    ) as running:
        yield running


@description.parametrize()
@settings(max_examples=20, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
def test_every_answer_is_one_that_is_described(case: schemathesis.Case[Any], address: str) -> None:
    case.call_and_validate(base_url=address, checks=CHECKS)
