"""Schemas of the catalogue's pages."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, Field

from api.schemas.basics import AnswerId


class UnitPrice(BaseModel):
    """What some of a product costs, for comparing packs of different sizes."""

    price: float = Field(description="Of `quantity` of the unit, in the shop's currency.")
    quantity: int
    unit: Literal["g", "ml", "oz", "fl_oz", "piece"]


RegularPrice = Annotated[
    float | None,
    Field(description="What it costs when it is not reduced, above the price; null where it is not reduced."),
]
KnownUnitPrice = Annotated[UnitPrice | None, Field(description="Null where its size does not tell how much it is.")]


class HomeProduct(BaseModel):
    """A product of the homepage."""

    product_id: AnswerId
    category_id: AnswerId
    title: str
    price: float = Field(description="Price now, in the shop's currency.")
    image_url: str = Field(description="Path on this server, or a full URL.")


class ListedProduct(HomeProduct):
    """A product in a list."""

    regular_price: RegularPrice = None
    unit_price: KnownUnitPrice = None


class ListedVariant(ListedProduct):
    """Another product of a family."""

    size: str | None


class ProductPage(BaseModel):
    """A part of a category or of what a search found, sellable now."""

    products: list[ListedProduct] = Field(description="Popular ones first, then by id.")
    next_cursor: str | None = Field(description="Ask again with it for what follows; null at the end.")


class SimilarProducts(BaseModel):
    """Products that go with one product, or can be bought instead; of its own family in none of the lists."""

    product_id: AnswerId
    products: list[ListedProduct] = Field(
        description="What goes with it, then what can be bought instead, topped up from its category."
    )
    substitutes: list[ListedProduct] = Field(
        description="Of the same type, most alike first; empty where there are none."
    )
    complements: list[ListedProduct] = Field(
        description="Of other types, in the same orders more often than by chance, strongest first; empty where "
        "nothing is known."
    )


class ListedCategory(BaseModel):
    """A department of the shop."""

    category_id: AnswerId
    name: str


class Categories(BaseModel):
    """The shop's departments, in the order of the menu."""

    categories: list[ListedCategory]


class ListedCoupon(BaseModel):
    """A coupon that the shopper holds, valid now and not used."""

    coupon_id: AnswerId
    code: str
    name: str
    discount_type: Literal["percent", "amount"]
    discount_value: float
    valid_until: datetime


class Review(BaseModel):
    """A shopper's opinion."""

    nickname: str
    rating: int
    body: str | None
    created_at: datetime


class ProductDetails(BaseModel):
    """A product on its own page."""

    product_id: AnswerId
    category_id: AnswerId
    category_name: str
    title: str
    brand: str | None
    product_type: str | None
    size: str | None
    price: float
    regular_price: RegularPrice = None
    unit_price: KnownUnitPrice = None
    in_stock: bool
    description: str | None
    image_urls: list[str]
    num_reviews: int
    average_rating: float | None = Field(description="Mean of all reviews; null without any.")
    reviews: list[Review] = Field(description="The latest ones.")
    coupons: list[ListedCoupon] = Field(description="Of the shopper named in the request, valid for this product.")
    family_id: AnswerId | None = Field(description="The same for all variants of one thing; null where there are none.")
    variants: list[ListedVariant] = Field(
        description="The others of the family that can be sold now, the cheapest first."
    )
