"""Tests lie as their sources do: `tests/api/db/test_reader.py` for `api/db/reader.py`; others say what they test."""

from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("api", "dags", "deploy", "features", "mlflow_server", "serving", "shop", "training")
FILES = sorted(path for name in PACKAGES for path in (ROOT / "tests" / name).rglob("test_*.py"))

OF_A_BEHAVIOUR = {
    "api/pages/test_ladder_of_variants.py": "a page as it is filled, of whose products some are variants of one",
    "api/pages/test_home_again.py": "a page that is asked for again, made anew or not",
    "api/pages/test_home_property.py": "any page, under random rules and stock",
    "api/pages/test_home_rules.py": "what a page holds, rule by rule",
    "api/pages/test_ordered_shelves.py": "the page of shelves in the order that shoppers like",
    "api/test_contract.py": "the API against its own OpenAPI",
    "api/test_copied_catalogue.py": "pages over a copy of a shop in a schema of its own",
    "api/test_faults.py": "answers while what the API depends on is dead or slow",
    "api/test_faults_model_server.py": "the same while the model server is",
    "api/test_faults_mysql.py": "the same on MySQL and MariaDB",
    "api/test_faults_together.py": "the same with all of it at once",
    "api/test_operations.py": "health, metrics and limits of a running API",
    "api/test_production.py": "what production demands of a start and of a request",
    "api/test_web_server.py": "frontend/nginx before several processes of the API",
    "dags/test_run_note.py": "dags/plugins, which Airflow loads by itself",
    "dags/test_workflows.py": "all workflows as Airflow parses them",
    "deploy/compose/test_compose.py": "docker-compose.yml",
    "deploy/compose/test_scale.py": "docker-compose.scale.yml",
    "deploy/compose/test_image_environments.py": "each image's own packages and files",
    "deploy/compose/test_images.py": "the Dockerfiles",
    "deploy/compose/test_schemas.py": "the migrations of MLflow and Airflow on real servers",
    "deploy/compose/test_settings_arrive.py": "settings on their way into containers",
    "deploy/kubernetes/test_airflow_values.py": "deploy/kubernetes/airflow-values.yaml",
    "deploy/kubernetes/test_manifests.py": "deploy/kubernetes, as kubectl builds it, beside docker-compose.yml",
    "deploy/kubernetes/test_network_policies.py": "deploy/kubernetes/base/network-policies.yaml",
    "deploy/kubernetes/test_settings.py": "deploy/kubernetes/base/settings.env, beside docker-compose.yml",
    "deploy/local/test_upgrade.py": "an installation of the release before, opened by this code",
    "deploy/local/test_first_environment.py": "set-up on machines of all kinds",
    "features/sync/test_command.py": "the command line of the sync",
    "features/sync/behaviour/test_ids_of_text.py": "shops with ids of text, copied by what changed",
    "features/sync/behaviour/test_kills.py": "a sync that is killed anywhere",
    "features/sync/behaviour/test_large_tables.py": "tables that are read and swept in parts",
    "features/sync/behaviour/test_merged_users.py": "customers that the shop has merged",
    "features/sync/behaviour/test_money.py": "amounts that are finer than what can be charged",
    "features/sync/behaviour/test_not_wares.py": "bags, postage and deposits",
    "features/sync/behaviour/test_orphans.py": "rows without a parent",
    "features/sync/behaviour/test_pitfalls.py": "what burnt others, one by one",
    "features/sync/behaviour/test_property.py": "random writers",
    "features/sync/behaviour/test_ready_mappings.py": "shops in schemas of their own through the ready mappings",
    "features/sync/behaviour/test_set_aside.py": "rows that cannot be read, pages that cost too much",
    "features/sync/behaviour/test_values.py": "each kind of value, from shop to store",
    "features/test_object_store.py": "a store on a real object store, and its faults",
    "features/test_leak.py": "rows of the future, which must change nothing",
    "mlflow_server/test_server.py": "a running server",
    "shop/catalogue/test_text_ids.py": "copies of a shop whose ids are of text",
    "serving/online/test_foreign_mlflow.py": "a real MLflow that is another installation's",
    "serving/online/test_rollback.py": "the version before, which serves again",
    "serving/online/test_starts.py": "starts while MLflow or the copy of a version is out of order",
    "serving/test_bento.py": "what `bentoml build` packs",
    "serving/test_mapped_shop.py": "from a shop in a schema of its own to its pages, by SELECT alone",
    "serving/test_object_store.py": "training, scoring and the model server on a real object store",
    "serving/test_read_only_shop.py": "sync, batch and pages with SELECT alone on the shop",
    "serving/test_score_shares.py": "workers that score some buckets each",
    "serving/batch/test_killed.py": "a scoring that is killed anywhere",
    "serving/batch/test_published_whole.py": "readers while batches are published",
    "shop/catalogue/test_ready_mappings.py": "copies of shops in schemas of their own through the ready mappings",
    "shop/loaders/test_directory_refusals.py": "folders that are no shop",
    "shop/loaders/exports/test_ready_exports.py": "exports of shops through the ready mappings",
    "shop/tables/test_tables.py": "all tables together",
    "shop/test_tls.py": "connections that demand TLS",
    "training/test_degenerate.py": "shops with next to nothing in them",
}


def mirrored(path: Path) -> list[Path]:
    """List the sources that a test may belong to: a module, one that its folder alone imports, or a package."""
    folder = ROOT / path.relative_to(ROOT / "tests").parent
    name = path.stem.removeprefix("test_")
    return [folder / f"{name}.py", folder / f"_{name}.py", folder / name]


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT / "tests")))
def test_a_test_file_has_a_source_or_says_which_behaviour_it_tests(path: Path) -> None:
    has_source = any(source.exists() for source in mirrored(path))

    assert has_source != (str(path.relative_to(ROOT / "tests")) in OF_A_BEHAVIOUR)


def test_no_behaviour_is_listed_that_has_no_test() -> None:
    assert set(OF_A_BEHAVIOUR) <= {str(path.relative_to(ROOT / "tests")) for path in FILES}
