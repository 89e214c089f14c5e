"""Hops 3 and 4 on MLflow's SQLite backend: one version a logical run, a first champion, a page for reviewers."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import mlflow
import polars as pl
import pytest
from mlflow import MlflowClient
from mlflow.entities import Run as MlflowRun
from sqlalchemy import select
from sqlalchemy.orm import Session

from features.pins import load_pins
from features.store import MLStore
from settings import Settings, load_settings
from shop.database import open_engine
from shop.migrate import PLATFORM, migrate
from shop.tables import AuditLog
from tests.support.synthetic import AS_OF, SMALL_CONFIG
from training.data.inputs import ModelInputs, ModelOutputs
from training.registry.client import CHALLENGER, CHAMPION, CONTENTS, Registry, connect
from training.registry.copies import fetch_copy
from training.registry.errors import RegistryError
from training.registry.installation import draw_installation, keep_installation, read_installation
from training.run import AirflowRun, main, run_training
from training.version.files import ArtefactError, identify


@pytest.fixture(scope="module")
def settings(synthetic_store: MLStore, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    folder = tmp_path_factory.mktemp("run")
    migrate(f"sqlite:///{folder / 'platform.db'}", PLATFORM)
    keep_installation(draw_installation(folder))
    return Settings(
        var_dir=folder,
        ml_store_uri=synthetic_store.uri,
        mlflow_tracking_uri=f"sqlite:///{folder / 'mlflow.db'}",
        auto_promote=False,
    )


@pytest.fixture(scope="module")
def registry(settings: Settings, monkeypatch_module: pytest.MonkeyPatch) -> Registry:
    monkeypatch_module.chdir(settings.var_dir)  # a client without a server keeps artefacts in ./mlruns
    return connect(settings.mlflow_tracking_uri, "wide_deep")


@pytest.fixture(scope="module")
def monkeypatch_module() -> Iterator[pytest.MonkeyPatch]:
    with pytest.MonkeyPatch.context() as patch:
        yield patch


@pytest.fixture(scope="module")
def first(settings: Settings, registry: Registry) -> dict[str, object]:
    return run_training(settings, registry, SMALL_CONFIG, AS_OF, AirflowRun("manual__1", "http://airflow/runs/1"))


@pytest.fixture(scope="module")
def run_of_first(first: dict[str, object], settings: Settings, registry: Registry) -> MlflowRun:
    """The first version's run, as MLflow keeps it."""
    return MlflowClient(settings.mlflow_tracking_uri).get_run(registry.run_id_of(1))


def test_the_run_says_who_trained_it_from_which_commit_and_in_which_workflow(run_of_first: MlflowRun) -> None:
    tags = run_of_first.data.tags

    assert {"mlflow.user", "mlflow.source.name"} <= tags.keys()
    assert tags["airflow.run_id"] == "manual__1"
    assert "[manual__1](http://airflow/runs/1)" in tags["mlflow.note.content"]


def test_a_damaged_store_ends_the_command_in_one_line(
    synthetic_store: MLStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    store = MLStore(str(shutil.copytree(synthetic_store.uri, tmp_path / "store")))
    damaged = Path(store.open("order_items").file_uris()[0])
    damaged.write_bytes(damaged.read_bytes()[:-100])
    monkeypatch.setenv("VAR_DIR", str(tmp_path))
    monkeypatch.setenv("ML_STORE_URI", store.uri)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path / 'mlflow.db'}")
    load_settings.cache_clear()

    code = main(["--as-of", AS_OF.isoformat(), "--json"])

    load_settings.cache_clear()
    out, err = capfd.readouterr()
    reason = json.loads(out.splitlines()[-1])["reason"]
    assert code == 1
    assert f"the file 'order_items/{damaged.name}' of the table 'order_items' is damaged" in reason
    assert "Traceback" not in err
    assert "panicked" not in err


def test_the_registered_model_is_marked_as_the_installations(
    first: dict[str, object], registry: Registry, settings: Settings
) -> None:
    installation = read_installation(settings.var_dir)

    assert registry.read_mark() == installation.mark
    registry.require_own(installation)


def test_the_run_names_its_input_tables_with_their_versions(
    run_of_first: MlflowRun, synthetic_store: MLStore, registry: Registry
) -> None:
    tables = {used.dataset.name: used.dataset for used in run_of_first.inputs.dataset_inputs}

    orders = tables["orders"]
    recorded = registry.run_of(1)["table.orders"]
    known = synthetic_store.as_of("orders", AS_OF).select(pl.len()).collect().item()
    assert {"users", "products", "orders", "order_items"} <= tables.keys()
    assert orders.digest == f"v{recorded}"
    assert json.loads(orders.profile)["num_rows"] == known
    source = json.loads(orders.source)
    assert source["path"] == synthetic_store.files.path("orders")
    assert source.get("delta_table_version", 0) == int(recorded)  # MLflow leaves a 0 out
    assert "ordered_at" in orders.schema


def test_the_run_holds_the_figures_of_those_it_was_compared_with(run_of_first: MlflowRun) -> None:
    names = {"judged.ndcg_at_20", "own_purchases.ndcg_at_20", "global_popularity.recall_at_20"}

    assert names <= run_of_first.data.metrics.keys()


def test_the_summary_leads_to_the_page_as_a_model_registry(first: dict[str, object]) -> None:
    assert str(first["page"]).endswith("/#/models/wide_deep/versions/1?workflowType=machine_learning")


def test_the_page_warns_of_the_button_that_copies(first: dict[str, object], settings: Settings) -> None:
    version = MlflowClient(settings.mlflow_tracking_uri).get_model_version("wide_deep", "1")

    assert "Promote model" in version.description
    assert version.source.endswith("/artifacts/model")


def test_the_first_version_is_promoted_by_itself(first: dict[str, object], registry: Registry) -> None:
    assert first["verdict"] == "promote", first
    assert registry.resolve_alias(CHAMPION) == registry.resolve_alias(CHALLENGER) == first["version"] == 1


def test_the_same_logical_run_registers_no_second_version(
    first: dict[str, object], settings: Settings, registry: Registry
) -> None:
    again = run_training(settings, registry, SMALL_CONFIG, AS_OF)

    assert (again["version"], again["is_new"]) == (1, False)


def test_a_later_version_waits_for_a_reviewer(first: dict[str, object], settings: Settings, registry: Registry) -> None:
    other = SMALL_CONFIG.model_copy(update={"optimiser": SMALL_CONFIG.optimiser.model_copy(update={"seed": 5})})

    second = run_training(settings, registry, other, AS_OF)

    assert second["version"] == 2
    assert registry.resolve_alias(CHALLENGER) == 2
    assert registry.resolve_alias(CHAMPION) == 1


def test_the_run_records_what_it_read_and_the_version_says_how_good_it_is(
    first: dict[str, object], registry: Registry
) -> None:
    params = registry.run_of(1)

    assert params["as_of"] == AS_OF.isoformat()
    assert {"table.orders", "table.order_items", "model.hidden_dims", "data.horizon_days"} <= params.keys()
    assert {"loss", "ndcg_at_20", "judged.ndcg_at_20"} <= registry.metrics_of(1).keys()
    assert registry.tags(1)["validated"].startswith("golden rows within")


def test_the_version_is_tagged_with_the_hash_of_its_files(
    first: dict[str, object], registry: Registry, tmp_path: Path
) -> None:
    assert registry.tags(1)[CONTENTS] == identify(fetch_copy(registry, 1, tmp_path))


def test_maintenance_is_told_what_the_version_was_made_from(
    first: dict[str, object], registry: Registry, synthetic_store: MLStore
) -> None:
    pins = load_pins(synthetic_store)

    assert AS_OF.isoformat() in pins.as_ofs
    assert int(registry.run_of(1)["table.orders"]) in pins.versions["orders"]


def test_a_downloaded_version_is_whole_and_a_spoilt_copy_is_refused(
    first: dict[str, object], registry: Registry, tmp_path: Path
) -> None:
    folder = fetch_copy(registry, 1, tmp_path)
    (folder / "model.onnx").write_bytes(b"spoilt")

    with pytest.raises(ArtefactError, match="altered"):
        fetch_copy(registry, 1, tmp_path)


def test_an_unset_alias_and_an_unknown_version_differ(first: dict[str, object], registry: Registry) -> None:
    assert registry.resolve_alias("nobody") is None
    with pytest.raises(RegistryError, match="MLflow says"):
        registry.tags(99)


def test_mlflow_shows_the_networks_signature(
    first: dict[str, object], settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", settings.mlflow_tracking_uri)

    info = mlflow.models.get_model_info("models:/wide_deep/1")

    assert info.signature is not None
    assert [value.name for value in info.signature.inputs] == list(ModelInputs._fields)
    assert [value.name for value in info.signature.outputs] == list(ModelOutputs._fields)
    assert "onnx" in info.flavors
    example = json.loads((settings.var_dir / "models" / "1" / "input_example.json").read_text())
    assert example.keys() == set(ModelInputs._fields)


def test_a_training_that_mlflow_failed_is_taken_up_where_it_stood(
    first: dict[str, object], settings: Settings, registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    another = SMALL_CONFIG.model_copy(update={"optimiser": SMALL_CONFIG.optimiser.model_copy(update={"seed": 6})})
    with monkeypatch.context() as outage:
        outage.setattr(registry, "register", fail_to_register)
        with pytest.raises(RegistryError):
            run_training(settings, registry, another, AS_OF)
    assert list((settings.var_dir / "training").iterdir())

    monkeypatch.setattr("training.run.fit", None)  # nothing is trained again
    resumed = run_training(settings, registry, another, AS_OF)

    assert resumed["is_new"]
    assert {"loss", "judged.ndcg_at_20"} <= registry.metrics_of(int(str(resumed["version"]))).keys()
    assert not list((settings.var_dir / "training").iterdir())


def fail_to_register(*_arguments: object) -> int:
    raise RegistryError("MLflow says: connection refused")


def test_a_run_killed_before_the_aliases_moved_is_made_good_by_the_next(
    first: dict[str, object], settings: Settings, registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    another = SMALL_CONFIG.model_copy(update={"optimiser": SMALL_CONFIG.optimiser.model_copy(update={"seed": 7})})
    with monkeypatch.context() as kill:
        kill.setattr("training.run.settle", lambda *_: None)
        version = run_training(settings, registry, another, AS_OF)["version"]
    assert registry.resolve_alias(CHALLENGER) != version

    again = run_training(settings, registry, another, AS_OF)

    assert (again["version"], again["is_new"]) == (version, False)
    assert registry.resolve_alias(CHALLENGER) == version


def test_the_first_promotion_is_in_the_audit_log(first: dict[str, object], settings: Settings) -> None:
    with Session(open_engine(settings.platform_database_url)) as session:
        [row] = session.scalars(select(AuditLog).where(AuditLog.subject == "alias/champion"))

    assert (row.actor, row.from_value, row.to_value) == ("gate", None, "1")
    assert row.details["verdict"] == "promote"
