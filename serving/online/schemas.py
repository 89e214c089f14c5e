"""Request and response schemas of the model server."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, Field

MAX_USERS = 1000
UserIds = Annotated[
    list[Annotated[int, Field(ge=0, le=2**63 - 1)]],
    Field(min_length=1, max_length=MAX_USERS, description="Users to rank for."),
]
ListLength = Annotated[int, Field(ge=1, le=100, description="Products for each user.")]


class ScoredProduct(BaseModel):
    """A product in a user's list, best first."""

    product_id: int
    category_id: int
    score: float
    reason: str


class UserRecommendations(BaseModel):
    """The list of one user."""

    user_id: int
    products: list[ScoredProduct]


class RecommendAnswer(BaseModel):
    """Lists of one version on one snapshot."""

    model_version: int
    as_of: datetime
    recommendations: list[UserRecommendations]
    unknown_user_ids: list[int] = Field(description="Users whom the snapshot does not know.")


MAX_CART = 50
CartProducts = Annotated[
    list[Annotated[int, Field(ge=0, le=2**63 - 1)]], Field(max_length=MAX_CART, description="What is in the cart.")
]
CartOwner = Annotated[int | None, Field(ge=0, le=2**63 - 1, description="The shopper; null when logged out.")]


class ScoredCompanion(BaseModel):
    """A product that goes with a cart; `goes_with` is the product of the cart that says so most, null if none does."""

    product_id: int
    category_id: int
    score: float
    goes_with: int | None


class CartRanking(BaseModel):
    """What goes with a cart, best first, of one version on one snapshot."""

    model_version: int
    as_of: datetime
    products: list[ScoredCompanion]


class CategoryScore(BaseModel):
    """The probability that a user buys from a category within the model's horizon."""

    category_id: int
    score: float


class UserCategories(BaseModel):
    """The categories of one user, likeliest first."""

    user_id: int
    categories: list[CategoryScore]


class ScoreAnswer(BaseModel):
    """Category probabilities of one version on one snapshot."""

    model_version: int
    as_of: datetime
    scores: list[UserCategories]
    unknown_user_ids: list[int]


class StatusAnswer(BaseModel):
    """What serves, and what keeps another version from serving.

    Attributes:
        model_version, as_of: what serves; null before the first champion.
        run_id, model: its run, and its name in the ids of its batches: numbers come again, these do not.
        refused_version: a version with the alias that will not serve as it is; null if there is none.
        failure: why what serves is not what the alias says, or why that is not known.
    """

    model_version: int | None
    run_id: str | None
    model: str | None
    as_of: datetime | None
    refused_version: int | None
    failure: str | None
