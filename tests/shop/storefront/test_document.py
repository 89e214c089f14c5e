import pytest
from sqlalchemy import Engine

from shop.storefront.config import InvalidStorefrontError
from shop.storefront.document import read_document, remove_document, write_document
from tests.support.tiny_shop import fill_tiny_shop

WRITTEN = '# 우리 가게 🌸\nname = "Sweet"\n[departments]\nDairy = { icon = "egg" }\n'


@pytest.fixture
def shop(any_empty_shop: Engine) -> Engine:
    fill_tiny_shop(any_empty_shop)
    return any_empty_shop


def test_a_document_comes_back_as_it_was_written(shop: Engine) -> None:
    for document in ('name = "First"', WRITTEN):
        with shop.begin() as connection:
            write_document(connection, document)

    with shop.begin() as connection:
        assert read_document(connection) == WRITTEN
        assert (remove_document(connection), remove_document(connection)) == (True, False)
        assert read_document(connection) == ""


def test_departments_that_the_shop_lacks_are_named(tiny_shop: Engine) -> None:
    document = "[departments]\nDairi = { restricted = true }\n[[banners]]\ntitle = 'a'\ndepartment = 'Tea'"

    with (
        pytest.raises(InvalidStorefrontError) as refused,
        tiny_shop.begin() as connection,
    ):
        write_document(connection, document)

    assert "departments.'Dairi': the shop has no department 'Dairi'; is 'Dairy' meant?" in str(refused.value)
    assert "banners[1].department: the shop has no department 'Tea'; there are: Bakery, Dairy, Drinks" in str(
        refused.value
    )


def test_values_and_departments_that_are_wrong_are_named_at_once(tiny_shop: Engine) -> None:
    document = (
        "colours = { primary = 'red' }\n[departments]\nFruits = { restricted = true }\nFish = { icon = 'no such' }"
    )

    with pytest.raises(InvalidStorefrontError) as refused, tiny_shop.begin() as connection:
        write_document(connection, document)

    said = str(refused.value)
    for place in ("colours.primary = 'red'", "departments.Fish.icon", "departments.'Fruits': ", "departments.'Fish': "):
        assert place in said


def test_a_banner_for_a_restricted_department_is_refused(tiny_shop: Engine) -> None:
    banner = "[[banners]]\ntitle = 'a'\ndepartment = 'Drinks'\n[departments]\nDrinks = { restricted = "

    with tiny_shop.begin() as connection:
        with pytest.raises(InvalidStorefrontError, match=r"banners\[1\]\.department: 'Drinks' is restricted"):
            write_document(connection, f"{banner}true }}")
        write_document(connection, f"{banner}false }}")


@pytest.mark.parametrize("link", ["/category/3", "/product/5"])
def test_a_banner_that_links_into_a_restricted_department_is_refused(tiny_shop: Engine, link: str) -> None:
    banner = f"[[banners]]\ntitle = 'a'\nlink = '{link}'\n[departments]\nDrinks = {{ restricted = "

    with tiny_shop.begin() as connection:
        with pytest.raises(InvalidStorefrontError, match=rf"banners\[1\]\.link: '{link}' leads to 'Drinks', which is"):
            write_document(connection, f"{banner}true }}")
        write_document(connection, f"{banner}false }}")
