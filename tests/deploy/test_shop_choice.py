from pathlib import Path

import pytest

from deploy.interpreter import SetupError
from deploy.shop_choice import check_shop


@pytest.mark.parametrize(
    ("shop", "reason"),
    [
        ("dmeo", "invalid choice: 'dmeo'"),
        ("synthetic --users 5", "--products, --orders"),
        ("synthetic --users none --products 1 --orders 1", "'none' is no whole number"),
        ("directory /there/is/no/such/folder", "there is no folder"),
    ],
)
def test_a_wrong_shop_is_noticed_before_anything_starts(shop: str, reason: str) -> None:
    with pytest.raises(SetupError) as refused:
        check_shop(shop.split())

    assert f'SHOP="{shop}" cannot be loaded' in str(refused.value)
    assert reason in str(refused.value)
    assert "docs/loading.md" in str(refused.value)


def test_a_shop_that_can_be_loaded_passes(tmp_path: Path) -> None:
    check_shop(["directory", str(tmp_path)])
