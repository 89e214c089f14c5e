"""Request and response schemas of the API. The storefront's client is generated from them."""

from api.schemas.basics import MAX_ID, AddressId, AnswerId, Id, Token
from api.schemas.catalogue import (
    Categories,
    ListedCoupon,
    ListedProduct,
    ListedVariant,
    ProductDetails,
    ProductPage,
    Review,
    SimilarProducts,
)
from api.schemas.choices import Choice, Choices, NewChoice
from api.schemas.errors import Error, ErrorAnswer, ErrorDetail
from api.schemas.events import MAX_EVENTS, EventsReceipt, ShopperEvent, ShopperEvents, Source
from api.schemas.health import CatalogueState, Health, Problem
from api.schemas.home import AppliedRule, ExplainedHome, ExplainedProduct, HomeRecommendations, Reason, ReasonFacts
from api.schemas.orders import (
    MAX_COUPONS,
    Cart,
    CartLine,
    CartQuote,
    Checkout,
    CheckoutLine,
    OrderLine,
    OrderReceipt,
    OrderSummary,
    RedeemedCoupon,
    UserOrders,
)
from api.schemas.search import BrandCount, CategoryCount, PriceBand, SearchFacets, SearchPage, Suggestion, Suggestions
from api.schemas.shoppers import Shopper, Shoppers

__all__ = [
    "MAX_COUPONS",
    "MAX_EVENTS",
    "MAX_ID",
    "AddressId",
    "AnswerId",
    "AppliedRule",
    "BrandCount",
    "Cart",
    "CartLine",
    "CartQuote",
    "CatalogueState",
    "Categories",
    "CategoryCount",
    "Checkout",
    "CheckoutLine",
    "Choice",
    "Choices",
    "Error",
    "ErrorAnswer",
    "ErrorDetail",
    "EventsReceipt",
    "ExplainedHome",
    "ExplainedProduct",
    "Health",
    "HomeRecommendations",
    "Id",
    "ListedCoupon",
    "ListedProduct",
    "ListedVariant",
    "NewChoice",
    "OrderLine",
    "OrderReceipt",
    "OrderSummary",
    "PriceBand",
    "Problem",
    "ProductDetails",
    "ProductPage",
    "Reason",
    "ReasonFacts",
    "RedeemedCoupon",
    "Review",
    "SearchFacets",
    "SearchPage",
    "Shopper",
    "ShopperEvent",
    "ShopperEvents",
    "Shoppers",
    "SimilarProducts",
    "Source",
    "Suggestion",
    "Suggestions",
    "Token",
    "UserOrders",
]
