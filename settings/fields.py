"""The settings themselves, each with its description and default, and the rules between them."""

import re
from collections.abc import Mapping
from ipaddress import ip_network
from pathlib import Path
from typing import Literal
from urllib.parse import parse_qsl

from pydantic import Field, JsonValue, SecretStr, field_validator, model_validator
from pydantic_settings import SettingsConfigDict

from settings.executor import ExecutorSettings
from settings.object_store import ObjectStoreSettings

FIXED: dict[str, JsonValue] = {"in_containers": "fixed"}
"""Marks a setting that docker-compose.yml gives a value of its own: it can be set in embedded mode only."""
SECRET: dict[str, JsonValue] = {"in_containers": "secret"}
"""Marks a setting that containers read from a file under `secrets/`. Any other is passed on by docker-compose.yml."""

TLS_SWITCHES = ("ssl_disabled", "ssl_verify_cert", "ssl_verify_identity", "ssl_check_hostname")
"""Options of a database's URL by which pymysql takes no TLS, or any certificate, although `ssl_ca` is there."""

HOST_NAME = re.compile(r"(?=.*[A-Za-z])[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?")

DATABASES = ("shop_database_url", "platform_database_url", "shop_owner_database_url")


class Settings(ExecutorSettings, ObjectStoreSettings):
    """Settings of one installation. Two clones with other ports and another `VAR_DIR` run side by side."""

    model_config = SettingsConfigDict(env_file=".env", extra="ignore", frozen=True)

    var_dir: Path = Field(
        Path("var"), description="Folder of everything that is written in embedded mode.", json_schema_extra=FIXED
    )
    shop_database_url: str = Field(
        "",
        description="SQLAlchemy URL of the shop, SELECT is enough, `?ssl_ca=FILE` demands TLS; empty = SQLite in "
        "VAR_DIR/shop.db.",
        json_schema_extra=SECRET,
    )
    platform_database_url: str = Field(
        "",
        description="SQLAlchemy URL of the platform's own database: lists, events, audit; empty = SQLite in "
        "VAR_DIR/platform.db.",
        json_schema_extra=SECRET,
    )
    shop_owner_database_url: str = Field(
        "",
        description="The shop's own account on its database, for what writes there: its schema and loader, the demo's "
        "checkout. The platform only reads it, as SHOP_DATABASE_URL; empty = SHOP_DATABASE_URL.",
        json_schema_extra=SECRET,
    )
    shop: str = Field(
        "demo",
        description="What fills an empty shop, as for `python -m shop.load`; with `make up` also 'mapping FILE'.",
    )
    shop_mapping: str = Field(
        "", description="TOML file that says what the shop's tables mean (docs/your-shop.md); empty = the demo's."
    )
    catalogue: Literal["", "live", "copied"] = Field(
        "",
        description="Where pages read products, prices and stock: live = in the shop's database, copied = in a copy in "
        "the platform's; empty = copied if SHOP_MAPPING is set, else live.",
    )
    catalogue_seconds: float = Field(60.0, gt=0, description="How often the copy is brought up to date.")
    require_tls: bool = Field(
        False, description="Refuse MySQL URLs, of the shop and of MLflow, that do not demand TLS by `?ssl_ca=FILE`."
    )
    ml_store_uri: str = Field(
        "",
        description="Folder or object-store URI (s3://bucket/prefix) of the Delta tables; empty = VAR_DIR/store.",
        json_schema_extra=FIXED,
    )
    mlflow_tracking_uri: str = Field(
        "", description="MLflow server; empty = http://127.0.0.1:MLFLOW_PORT.", json_schema_extra=FIXED
    )

    host: str = Field("127.0.0.1", description="Address that services listen on.", json_schema_extra=FIXED)
    api_port: int = Field(8000, ge=1, le=65535, description="Port of the storefront's API.")
    serving_port: int = Field(8001, ge=1, le=65535, description="Port of BentoML.")
    mlflow_port: int = Field(5000, ge=1, le=65535, description="Port of the MLflow server.")
    airflow_port: int = Field(8080, ge=1, le=65535, description="Port of Airflow's UI and API.")
    serving_url: str = Field(
        "", description="BentoML as others reach it; empty = http://127.0.0.1:SERVING_PORT.", json_schema_extra=FIXED
    )
    api_url: str = Field(
        "", description="The API as the workflows reach it; empty = http://127.0.0.1:API_PORT.", json_schema_extra=FIXED
    )

    mlflow_backend_uri: SecretStr = Field(
        SecretStr(""),
        description="SQLAlchemy URL of MLflow's own database; empty = SQLite in VAR_DIR/mlflow.",
        json_schema_extra=SECRET,
    )
    mlflow_artifacts_uri: str = Field(
        "",
        description="Folder or object-store URI (s3://bucket/prefix) behind MLflow's artefact proxy; empty = "
        "VAR_DIR/mlflow/artifacts.",
        json_schema_extra=FIXED,
    )
    mlflow_allowed_hosts: str = Field(
        "localhost:*,127.0.0.1:*",
        description="Host headers that MLflow answers to, with commas.",
        json_schema_extra=FIXED,
    )
    mlflow_admin_password: SecretStr = Field(
        SecretStr(""),
        description="Password of MLflow's user `admin`; empty = no login, in development only.",
        json_schema_extra=SECRET,
    )
    mlflow_secret_key: SecretStr = Field(
        SecretStr(""), description="Key that signs MLflow's forms when the login is on.", json_schema_extra=SECRET
    )

    airflow_admin_password: SecretStr = Field(
        SecretStr(""),
        description="Password of Airflow's user `admin` in containers; elsewhere `make up` draws one.",
        json_schema_extra=SECRET,
    )

    environment: Literal["development", "production"] = Field(
        "development", description="production refuses default secrets at start-up.", json_schema_extra=FIXED
    )
    currency: str = Field(
        "USD", pattern=r"^[A-Z]{3}$", description="ISO 4217 code that the storefront shows prices in."
    )
    num_buckets: int | None = Field(
        None,
        ge=1,
        le=65_536,
        description="User buckets, the unit of parallel work, that the store's first snapshot has, and that "
        "features.rebucket gives it later; empty = as many as its lines of orders want, 4 at least.",
    )
    model_name: str = Field("wide_deep", description="Name of the registered model in MLflow.")
    auto_promote: bool = Field(False, description="Move `champion` when the gate says `promote`, without a reviewer.")
    api_token_key: SecretStr = Field(
        SecretStr(""),
        description="Key that the shop signs its shoppers' tokens with (HS256); asked for in production.",
        json_schema_extra=SECRET,
    )
    api_metrics_token: SecretStr = Field(
        SecretStr(""),
        description="Token that `GET /metrics` asks for in production (Bearer); empty = no metrics there.",
        json_schema_extra=SECRET,
    )
    api_admin_password: SecretStr = Field(
        SecretStr(""),
        description="Password of the page /merchandising and its API, under any name; empty = there is no admin. "
        "`make up` draws one where none is set.",
        json_schema_extra=SECRET,
    )
    allowed_hosts: str = Field(
        "localhost,127.0.0.1,api",
        description="Host names that the API answers to in production, with commas; `*.shop.example` = all below it.",
    )
    trusted_proxies: str = Field(
        "",
        description="Web servers whose X-Forwarded-For the API believes: addresses, networks or host names, with "
        "commas; in containers `storefront` unless said otherwise.",
    )
    demo_shoppers: bool = Field(
        False, description="Let anybody act as any shopper, to look around a demonstration. Always so in development."
    )
    requests_per_minute: int = Field(
        3000, ge=1, description="Requests that the API takes from one address a minute, in production."
    )
    home_category_share: float = Field(
        0.4, gt=0, le=1, description="Most of the homepage's first 20 slots that one category may have."
    )
    home_repeat_share: float = Field(
        0.9, ge=0, le=1, description="Most of the homepage's first 20 slots that products bought before may have."
    )
    home_new_weight: float = Field(
        2.0,
        ge=1,
        le=100,
        description="How many repeated purchases a first one is worth: of products bought before, a homepage holds as "
        "many as are among the shopper's best 20 where a new one counts so much.",
    )
    home_recent_hours: float = Field(
        12.0, ge=0, description="How long a purchase keeps its product off personal pages at least."
    )
    shelves_least_clicks: int = Field(
        1000,
        ge=1,
        description="Clicks on shelves, of the last 28 days, from which on pages of shelves stand in the order that "
        "shoppers like; before, in the order by rule.",
    )
    shelves_explored_share: float = Field(
        0.05,
        ge=0,
        le=0.4,
        description="Share of the shoppers for whom two neighbouring shelves change places, once pages are ordered by "
        "clicks: what other orders are worth is estimated from them. 0 = none.",
    )
    compared_alias: str = Field(
        "",
        pattern=r"^[A-Za-z0-9_-]{0,32}$",
        description="Alias that is compared with the champion on real shoppers; empty = none.",
    )
    compared_share: float = Field(0.5, gt=0, lt=1, description="Share of the shoppers who see that alias's lists.")
    failure_webhook: SecretStr = Field(
        SecretStr(""), description="Address that is told of each failed task with a POST of JSON; empty = none."
    )
    serving_workers: int = Field(
        1,
        ge=0,
        le=256,
        description="Processes of the model server, which share one mapped snapshot; 0 = one a core, as in containers.",
    )
    champion_poll_seconds: float = Field(5.0, gt=0, description="How often the model server looks at the alias.")

    @property
    def has_own_database(self) -> bool:
        """Whether the platform's database is another one than the shop's."""
        return self.platform_database_url != self.shop_database_url

    @property
    def has_object_store(self) -> bool:
        """Whether the ML store or MLflow's files lie in an object store."""
        return self.ml_store_uri.startswith("s3://") or self.mlflow_artifacts_uri.startswith("s3://")

    @property
    def has_own_shop_file(self) -> bool:
        """Whether the shop lies in `VAR_DIR`: nobody gave it a database."""
        return self.shop_database_url == derive({"var_dir": self.var_dir})["shop_database_url"]

    @property
    def has_copied_catalogue(self) -> bool:
        """Whether pages read a copy of the catalogue, and the shop takes its orders itself."""
        return self.catalogue == "copied" or (not self.catalogue and bool(self.shop_mapping))

    @property
    def catalogue_database_url(self) -> str:
        """The database in which pages find products, prices and stock.

        Raises:
            ValueError: the copy would lie among the shop's own tables.
        """
        if not self.has_copied_catalogue:
            return self.shop_database_url
        if not self.has_own_database:
            raise ValueError(
                "the catalogue is copied into the platform's database, which is the shop's: name another in "
                "PLATFORM_DATABASE_URL"
            )
        return self.platform_database_url

    @property
    def is_shop_named_alone(self) -> bool:
        """Whether the shop was given a database and the platform was not."""
        is_default = self.platform_database_url == derive({"var_dir": self.var_dir})["platform_database_url"]
        return is_default and not self.has_own_shop_file

    @property
    def mlflow_ui(self) -> str:
        """The address of MLflow's pages for a browser on this machine."""
        return f"http://127.0.0.1:{self.mlflow_port}"

    @field_validator("trusted_proxies")
    @classmethod
    def _require_proxies(cls, value: str) -> str:
        """Refuse what is no address and no name, which would be ignored without a word."""
        for proxy in filter(None, map(str.strip, value.split(","))):
            if not HOST_NAME.fullmatch(proxy):
                ip_network(proxy)
        return value

    @model_validator(mode="before")
    @classmethod
    def _fill_derived(cls, values: dict[str, object]) -> dict[str, object]:
        """Derive the addresses that were left empty from `VAR_DIR` and the ports."""
        given = {key: value for key, value in values.items() if value != ""}
        if "?" in str(given.get("var_dir")) and "shop_database_url" not in given:
            raise ValueError(
                f"VAR_DIR={given['var_dir']} has a '?', which a database's URL cannot have: choose another"
            )
        filled = {**derive(given), **given, "var_dir": Path(str(given.get("var_dir") or "var")).absolute()}
        return {"shop_owner_database_url": filled["shop_database_url"], **filled}

    @model_validator(mode="after")
    def _require_known_server(self) -> "Settings":
        """Hold the databases' URLs to the servers that we know; the message leaves out the URL with its password."""
        for name in DATABASES:
            server, is_url, _ = str(getattr(self, name)).partition("://")
            if not is_url or server.partition("+")[0] not in ("sqlite", "mysql", "mariadb"):
                raise ValueError(
                    f"{name.upper()} {f'names the server {server!r}' if is_url else 'is no URL'}: "
                    "write sqlite:///FILE or mysql+pymysql://USER:PASSWORD@HOST:PORT/NAME"
                )
        return self

    @model_validator(mode="after")
    def _require_copy_of_mapped_shop(self) -> "Settings":
        """Hold a shop in a schema of its own to the copy."""
        if self.catalogue == "live" and self.shop_mapping:
            raise ValueError(
                "CATALOGUE=live reads the demo shop's own tables: with SHOP_MAPPING write CATALOGUE=copied, or nothing"
            )
        return self

    @model_validator(mode="after")
    def _require_tls(self) -> "Settings":
        """Hold the databases' URLs to `REQUIRE_TLS`; the message leaves out the URL, which has a password."""
        urls = {str(getattr(self, name)): name.upper() for name in reversed(DATABASES)}  # of one URL, its first name
        urls[self.mlflow_backend_uri.get_secret_value()] = "MLFLOW_BACKEND_URI"
        plain = [name for url, name in urls.items() if url and not url.startswith("sqlite") and not _demands_tls(url)]
        if self.require_tls and plain:
            raise ValueError(
                f"REQUIRE_TLS is set, and {' and '.join(plain)} lacks ?ssl_ca=FILE, which demands TLS, or has one of "
                f"{', '.join(TLS_SWITCHES)}, which are to be left out"
            )
        return self


def _demands_tls(url: str) -> bool:
    """Return whether a database's URL names the authority of TLS, and leaves alone whether it is used and checked."""
    options = dict(parse_qsl(url.rpartition("?")[2]))
    return "ssl_ca" in options and options.keys().isdisjoint(TLS_SWITCHES)


def derive(given: Mapping[str, object]) -> dict[str, object]:
    """Derive addresses from `VAR_DIR` and the ports."""
    var_dir = Path(str(given.get("var_dir") or "var")).absolute()
    return {
        "shop_database_url": f"sqlite:///{var_dir / 'shop.db'}",
        "platform_database_url": f"sqlite:///{var_dir / 'platform.db'}",
        "ml_store_uri": str(var_dir / "store"),
        "mlflow_artifacts_uri": str(var_dir / "mlflow" / "artifacts"),
        "mlflow_tracking_uri": f"http://127.0.0.1:{given.get('mlflow_port') or 5000}",
        "api_url": f"http://127.0.0.1:{given.get('api_port') or 8000}",
        "serving_url": f"http://127.0.0.1:{given.get('serving_port') or 8001}",
    }
