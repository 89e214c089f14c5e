"""Where settings come from, and what a wrong one says."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr

import settings.loading
from settings import Settings, load_settings
from settings.kept import keep_settings, read_kept_settings
from settings.object_store import ObjectStoreSettings


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(settings.loading, "SECRETS_DIR", tmp_path / "secrets")
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    load_settings.cache_clear()
    yield
    load_settings.cache_clear()


def test_a_wrong_setting_is_named_with_its_value_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REQUESTS_PER_MINUTE", "many")
    monkeypatch.setenv("NUM_BUCKETS", "0")

    with pytest.raises(SystemExit) as ended:
        load_settings()

    line = str(ended.value)
    assert "\n" not in line
    assert "REQUESTS_PER_MINUTE='many': Input should be a valid integer" in line
    assert "NUM_BUCKETS='0': Input should be greater than or equal to 1" in line


def test_the_environment_wins_over_the_file_which_wins_over_a_secret(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "api_token_key").write_text("from a secret")
    (tmp_path / "secrets" / "mlflow_secret_key").write_text("from a secret")
    (tmp_path / ".env").write_text("API_TOKEN_KEY=from the file\nMODEL_NAME=file\n")
    monkeypatch.setenv("MODEL_NAME", "environment")

    loaded = load_settings()

    assert loaded.mlflow_secret_key == SecretStr("from a secret")
    assert loaded.api_token_key == SecretStr("from the file")
    assert loaded.model_name == "environment"


def test_an_empty_variable_counts_as_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COMPARED_ALIAS", "")
    monkeypatch.setenv("NUM_BUCKETS", "")

    assert (load_settings().compared_alias, load_settings().num_buckets) == ("", None)


def test_a_command_that_is_given_the_folder_alone_finds_the_installation(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    folder = tmp_path / "shop"
    folder.mkdir()
    keep_settings(Settings(var_dir=folder, mlflow_port=15000, model_name="theirs"))
    monkeypatch.setenv("VAR_DIR", str(folder))
    monkeypatch.setenv("MODEL_NAME", "mine")

    found = load_settings()

    assert (found.mlflow_port, found.mlflow_tracking_uri) == (15000, "http://127.0.0.1:15000")
    assert found.shop_database_url == f"sqlite:///{folder / 'shop.db'}"
    assert found.model_name == "mine", "what is given wins"
    assert (folder / "settings.json").stat().st_mode & 0o777 == 0o600


GIVEN: dict[str, object] = {
    "aws_endpoint_url": "https://store.example",
    "shop_database_url": "mysql+pymysql://shop:secret@127.0.0.1/shop?ssl_ca=ca.pem",
    "platform_database_url": "mysql+pymysql://shop:secret@127.0.0.1/platform?ssl_ca=ca.pem",
    "shop_owner_database_url": "mysql+pymysql://owner:secret@127.0.0.1/shop?ssl_ca=ca.pem",
    "mlflow_backend_uri": "mysql+pymysql://mlflow:secret@127.0.0.1/mlflow?ssl_ca=ca.pem",
    "catalogue": "copied",
    "num_buckets": 8,
    "environment": "production",
    "executor": "celery",
    "currency": "KRW",
    "trusted_proxies": "10.0.0.0/8",
    "home_category_share": 0.3,
    "home_repeat_share": 0.7,
    "compared_share": 0.25,
    "shelves_explored_share": 0.1,
}
"""Another value than the default, for settings that take not just any."""


def name_another_value(name: str) -> object:
    default = Settings.model_fields[name].default
    if name in GIVEN or isinstance(default, SecretStr):
        return GIVEN.get(name, "given")
    return not default if isinstance(default, bool) else default + 1 if isinstance(default, int | float) else "given"


@pytest.mark.parametrize("name", [name for name in Settings.model_fields if name != "var_dir"])
def test_every_setting_that_make_up_was_given_is_read_by_later_commands(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("VAR_DIR", str(tmp_path))
    if name in ObjectStoreSettings.model_fields:
        monkeypatch.setenv("MLFLOW_ARTIFACTS_URI", "s3://bucket/mlflow")
    monkeypatch.setenv(name.upper(), str(name_another_value(name)))
    load_settings.cache_clear()
    keep_settings(given := load_settings())
    monkeypatch.delenv(name.upper())
    load_settings.cache_clear()

    found = load_settings()

    assert getattr(found, name) == getattr(given, name) != getattr(Settings(var_dir=tmp_path), name)
    assert found == given


def test_a_setting_that_is_given_its_default_again_is_kept_no_more(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    keep_settings(Settings(var_dir=tmp_path, auto_promote=True, failure_webhook=SecretStr("http://127.0.0.1/hook")))
    monkeypatch.setenv("VAR_DIR", str(tmp_path))
    monkeypatch.setenv("AUTO_PROMOTE", "false")
    monkeypatch.setenv("FAILURE_WEBHOOK", "")
    load_settings.cache_clear()

    keep_settings(load_settings())

    kept = json.loads((tmp_path / "settings.json").read_text())
    assert not {"auto_promote", "failure_webhook", "var_dir"} & set(kept)


def test_what_follows_from_the_folder_is_not_kept(tmp_path: Path) -> None:
    keep_settings(Settings(var_dir=tmp_path, shop_database_url="mysql+pymysql://shop@127.0.0.1/shop"))

    kept = json.loads((tmp_path / "settings.json").read_text())

    assert kept["shop_database_url"] == "mysql+pymysql://shop@127.0.0.1/shop"
    assert not {"ml_store_uri", "mlflow_tracking_uri", "platform_database_url"} & set(kept), "the folder may be moved"


def test_the_platform_has_a_database_of_its_own(tmp_path: Path) -> None:
    theirs = "mysql+pymysql://shop@127.0.0.1/shop"

    default = Settings(var_dir=tmp_path)
    named_alone = Settings(var_dir=tmp_path, shop_database_url=theirs)
    as_one = Settings(var_dir=tmp_path, shop_database_url=theirs, platform_database_url=theirs)

    assert default.platform_database_url == f"sqlite:///{tmp_path / 'platform.db'}"
    assert default.shop_owner_database_url == default.shop_database_url
    assert [one.has_own_database for one in (default, named_alone, as_one)] == [True, True, False]
    assert [one.is_shop_named_alone for one in (default, named_alone, as_one)] == [False, True, False]


@pytest.mark.parametrize("value", ["10.0.0.0/33", "10.0.0.1/8", "300.1.1.1", "*", "web server", "a/b"])
def test_a_proxy_that_would_never_be_met_is_refused(value: str) -> None:
    assert Settings(_env_file=None, trusted_proxies="10.0.0.0/8, ::1, storefront, web.example").trusted_proxies
    with pytest.raises(ValueError, match="trusted_proxies"):
        Settings(_env_file=None, trusted_proxies=value)


def test_another_folder_has_other_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    keep_settings(Settings(var_dir=tmp_path / "one", mlflow_port=15000))
    monkeypatch.setenv("VAR_DIR", str(tmp_path / "another"))

    assert load_settings().mlflow_port == 5000


def test_tls_can_be_demanded_of_every_url(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("REQUIRE_TLS", "true")
    monkeypatch.setenv("SHOP_DATABASE_URL", "mysql+pymysql://me:secret@db/shop?charset=utf8mb4")
    load_settings.cache_clear()

    with pytest.raises(SystemExit, match=r"REQUIRE_TLS is set, and SHOP_DATABASE_URL lacks \?ssl_ca=FILE") as said:
        load_settings()
    assert "secret" not in str(said.value)

    monkeypatch.setenv("SHOP_DATABASE_URL", "mysql+pymysql://me:secret@db/shop?charset=utf8mb4&ssl_ca=ca.pem")
    assert load_settings().require_tls
    load_settings.cache_clear()


@pytest.mark.parametrize(
    "options",
    [
        "ssl_ca=",
        "ssl_ca=ca.pem&ssl_disabled=true",
        "ssl_disabled=false&ssl_ca=ca.pem",  # pymysql takes any text for true
        "ssl_ca=ca.pem&ssl_verify_cert=false",
        "ssl_ca=ca.pem&ssl_verify_identity=false",
        "ssl_ca=ca.pem&ssl_check_hostname=false",
        "charset=utf8mb4&init_command=ssl_ca=ca.pem",
    ],
)
@pytest.mark.parametrize("setting", ["SHOP_DATABASE_URL", "MLFLOW_BACKEND_URI"])
def test_tls_that_is_switched_off_is_not_demanded(setting: str, options: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REQUIRE_TLS", "true")
    monkeypatch.setenv(setting, f"mysql+pymysql://me:secret@db/shop?{options}")
    load_settings.cache_clear()

    with pytest.raises(SystemExit, match=rf"REQUIRE_TLS is set, and {setting} lacks \?ssl_ca=FILE") as said:
        load_settings()
    assert "secret" not in str(said.value)
    load_settings.cache_clear()


@pytest.mark.parametrize(
    ("url", "said"),
    [("postgres://u:secret@h/shop", "names the server 'postgres'"), ("u:secret@h/shop", "is no URL")],
    ids=["another server", "no URL"],
)
def test_a_database_that_is_not_known_is_refused_without_its_password(
    url: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHOP_DATABASE_URL", url)

    with pytest.raises(SystemExit, match=f"SHOP_DATABASE_URL {said}: write sqlite:///FILE") as refused:
        load_settings()

    assert "secret" not in str(refused.value)


def test_a_folder_that_a_url_cannot_name_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("VAR_DIR", "what?")
    load_settings.cache_clear()

    with pytest.raises(SystemExit, match=r"what\? has a '\?', which a database's URL cannot have"):
        load_settings()
    load_settings.cache_clear()


def test_a_mapped_shop_is_read_from_a_copy(tmp_path: Path) -> None:
    own, mapped = Settings(var_dir=tmp_path), Settings(var_dir=tmp_path, shop_mapping="woocommerce")

    assert own.catalogue_database_url == own.shop_database_url
    assert mapped.catalogue_database_url == mapped.platform_database_url
    with pytest.raises(ValueError, match="with SHOP_MAPPING write CATALOGUE=copied, or nothing"):
        Settings(var_dir=tmp_path, shop_mapping="woocommerce", catalogue="live")


def test_a_copy_wants_a_database_of_the_platforms_own(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'one.db'}"
    both = Settings(var_dir=tmp_path, shop_database_url=url, platform_database_url=url, catalogue="copied")

    with pytest.raises(ValueError, match="name another in PLATFORM_DATABASE_URL"):
        _ = both.catalogue_database_url


def test_an_object_stores_account_is_kept_where_one_is_used_alone(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Whoever starts a platform on files may have such an account for something else."""
    monkeypatch.setenv("VAR_DIR", str(tmp_path))
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "theirs")

    keep_settings(load_settings())

    assert "aws_secret_access_key" not in read_kept_settings(tmp_path)


def test_the_object_store_is_told_to_its_libraries_in_their_words() -> None:
    settings = Settings(
        _env_file=None,
        aws_endpoint_url="http://127.0.0.1:8333/",
        aws_access_key_id="account",
        aws_secret_access_key=SecretStr("only for this test"),
    )

    assert settings.object_store == {
        "aws_endpoint_url": "http://127.0.0.1:8333",
        "aws_access_key_id": "account",
        "aws_secret_access_key": "only for this test",
        "aws_allow_http": "true",
    }
    assert "only for this test" not in repr(settings)
    assert Settings(_env_file=None, aws_endpoint_url="https://store.example").object_store == {
        "aws_endpoint_url": "https://store.example"
    }


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("EXECUTOR", "celeri", "EXECUTOR='celeri': Input should be 'local' or 'celery'"),
        ("WORKERS", "0", "WORKERS='0': Input should be greater than or equal to 1"),
        ("WORKERS", "two", "WORKERS='two': Input should be a valid integer"),
    ],
)
def test_a_wrong_executor_is_said_in_one_line(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, said: str
) -> None:
    monkeypatch.setenv(name, value)

    with pytest.raises(SystemExit) as ended:
        load_settings()

    assert said in str(ended.value)
    assert "\n" not in str(ended.value)


def test_the_way_back_from_celery_leaves_nothing_of_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    keep_settings(Settings(var_dir=tmp_path, executor="celery", workers=3))
    monkeypatch.setenv("VAR_DIR", str(tmp_path))
    assert (load_settings().executor, load_settings().num_workers) == ("celery", 3)
    load_settings.cache_clear()
    monkeypatch.setenv("EXECUTOR", "local")

    back = load_settings()

    keep_settings(back)
    assert (back.num_workers, back.scoring_tasks) == (1, 0)
    assert "executor" not in read_kept_settings(tmp_path)
