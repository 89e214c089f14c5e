"""Which shop an installation has, and which settings come with it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.interpreter import SetupError
from deploy.local.installed_shop import choose_another_shop, choose_shop, holds_shop, require_usable
from deploy.shop_choice import read_shop
from settings import Settings, load_settings
from settings.kept import keep_settings
from shop.load import main as load_shop
from tests.support.ports import free_ports

SMALL = ["synthetic", "--users", "20", "--products", "10", "--orders", "60"]
THEIRS = "mysql+pymysql://reader:secret@127.0.0.1/theirs"


@pytest.fixture
def var_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Folder of an installation that the settings of this process name."""
    monkeypatch.setenv("VAR_DIR", str(tmp_path))
    load_settings.cache_clear()
    yield tmp_path
    load_settings.cache_clear()


def install(var_dir: Path, **given: object) -> None:
    """Keep settings as a first `make up` does."""
    keep_settings(Settings.model_validate({"var_dir": var_dir, **given}))
    load_settings.cache_clear()


def test_the_demo_comes_first_and_stays_unless_another_is_named(var_dir: Path) -> None:
    assert choose_shop("")[1].loader == ("demo",)

    install(var_dir, shop="synthetic --users 20 --products 10 --orders 60")

    assert choose_shop("")[1].loader == tuple(SMALL)


def test_another_shop_does_not_take_the_place_of_one_that_was_loaded(var_dir: Path) -> None:
    install(var_dir, shop="synthetic --users 20 --products 10 --orders 60")
    assert choose_shop("demo")[0].shop == "demo", "nothing was loaded yet"
    assert load_shop(SMALL) == 0

    assert holds_shop(var_dir)
    assert choose_shop(" ".join(SMALL))[1].loader == tuple(SMALL)
    with pytest.raises(SetupError, match=r'`make shop SHOP="demo"` changes it.*VAR_DIR and ports of its own'):
        choose_shop("demo")


def test_a_mapping_and_its_database_are_kept(var_dir: Path) -> None:
    install(var_dir, shop="mapping opencart", shop_mapping="opencart", shop_database_url=THEIRS)

    settings, shop = choose_shop("")

    assert (shop.mapping, shop.loader) == ("opencart", ())
    assert (settings.shop_mapping, settings.shop_database_url) == ("opencart", THEIRS)


def test_a_shop_that_is_loaded_never_inherits_the_database_of_one_that_is_read(var_dir: Path) -> None:
    [port] = free_ports(1)
    install(var_dir, shop="mapping opencart", shop_mapping="opencart", shop_database_url=THEIRS, mlflow_port=port)

    for settings, shop in (choose_shop("demo"), choose_another_shop("demo")):
        assert shop.loader == ("demo",)
        assert settings.has_own_shop_file
        assert (settings.shop_mapping, settings.mlflow_port) == ("", port)


def test_two_names_for_two_shops_are_refused(var_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOP_MAPPING", "opencart")
    load_settings.cache_clear()

    assert choose_shop("")[1].mapping == choose_shop("mapping opencart")[1].mapping == "opencart"
    with pytest.raises(SetupError, match="name two shops"):
        choose_shop("demo")


def test_a_shop_is_checked_until_there_are_rows_of_it(var_dir: Path) -> None:
    shop, settings = read_shop("mapping opencart"), Settings(var_dir=var_dir)
    with pytest.raises(SetupError, match="SHOP_DATABASE_URL"):
        require_usable(shop, settings)

    assert load_shop(SMALL) == 0
    require_usable(shop, settings)
