"""Schemas of the search."""

from typing import Literal

from pydantic import BaseModel, Field

from api.schemas.basics import AnswerId
from api.schemas.catalogue import ListedProduct


class CategoryCount(BaseModel):
    """A department, and how many of the products that were found stand in it."""

    category_id: AnswerId
    num_products: int = Field(description="A family counts once.")


class BrandCount(BaseModel):
    """A brand, and how many of the products that were found are its."""

    brand: str
    num_products: int = Field(description="A family counts once.")


class PriceBand(BaseModel):
    """Prices in `[min_price, max_price)`, and how many of the products that were found have one."""

    min_price: float | None = Field(description="Null: from nothing.")
    max_price: float | None = Field(description="Null: without end.")
    num_products: int = Field(description="A family counts once.")


class SearchFacets(BaseModel):
    """Counts by what a search can be narrowed to. Each facet is counted under the filters of the others."""

    categories: list[CategoryCount] = Field(description="Most products first.")
    brands: list[BrandCount] = Field(description="The 20 of most products.")
    prices: list[PriceBand] = Field(description="At most four bands, the cheapest first.")
    num_with_coupon: int = Field(description="Products that a coupon of the shopper named in the request is valid for.")


class FoundProduct(ListedProduct):
    """A product that was found; of a family, the variant that comes first in the order asked for."""

    num_variants: int = Field(description="Products of its family that were found, after filters; 1 without a family.")


class SearchPage(BaseModel):
    """A page of what a search found, sellable now. A family stands once in it, and counts once."""

    products: list[FoundProduct]
    total: int = Field(description="What was found, after filters; up to 10,000 products are looked at.")
    is_total_exact: bool = Field(description="False if more were found than are counted.")
    corrected_query: str | None = Field(
        description="What was searched instead, since nothing holds the words as typed."
    )
    facets: SearchFacets


class Suggestion(BaseModel):
    """What may be meant by something that is being typed."""

    text: str
    kind: Literal["category", "product_type", "brand", "product"]
    num_products: int | None = Field(description="That can be sold now; null where it was not counted.")
    category_id: AnswerId | None = Field(description="Of a category: the department to open.")
    product_id: AnswerId | None = Field(description="Of a product: the one to open.")


class Suggestions(BaseModel):
    """Completions of what is being typed, the best of each kind."""

    suggestions: list[Suggestion]
