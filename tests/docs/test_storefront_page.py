"""docs/how-it-works/storefront.md: its document holds, and what it quotes is what is said."""

import re
from pathlib import Path

import pytest

from shop.storefront.config import InvalidStorefrontError, StorefrontConfig, parse_storefront

PAGE = (Path(__file__).parents[2] / "docs" / "how-it-works" / "storefront.md").read_text(encoding="utf-8")


def test_the_document_on_the_page_holds_and_shows_every_field() -> None:
    [document] = re.findall(r"```toml\n(.+?)```", PAGE, re.DOTALL)

    config = parse_storefront(document)

    assert config.departments["Liqueurs"].restricted
    assert config.model_fields_set | {"drawings"} == set(StorefrontConfig.model_fields)


def test_the_message_on_the_page_is_the_one_that_is_given() -> None:
    with pytest.raises(InvalidStorefrontError) as refused:
        parse_storefront("[colours]\nprimary = '#ffcc00'")

    assert str(refused.value) in PAGE.replace("\n", " ")
