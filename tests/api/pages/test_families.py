from api.pages.families import keep_first_variants
from api.queries.catalogue import SellableProduct


def describe(product_id: int, family_id: int | None) -> SellableProduct:
    return SellableProduct(product_id, 1, f"Product {product_id}", 1.0, "/x.svg", family_id)


PRODUCTS = [describe(1, None), describe(2, 7), describe(3, None), describe(4, 7), describe(1, None), describe(5, 8)]


def test_the_first_of_each_family_stays_and_products_without_one_all_do() -> None:
    assert [product.product_id for product in keep_first_variants(PRODUCTS)] == [1, 2, 3, 5]


def test_neither_a_product_nor_its_variants_are_listed_beside_it() -> None:
    assert [product.product_id for product in keep_first_variants(PRODUCTS, without=describe(4, 7))] == [1, 3, 5]
    assert [product.product_id for product in keep_first_variants(PRODUCTS, without=describe(3, None))] == [1, 2, 5]
