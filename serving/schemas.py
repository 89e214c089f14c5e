"""What the model server takes and gives."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, Field

MAX_USERS = 1000
UserIds = Annotated[
    list[Annotated[int, Field(ge=0, le=2**63 - 1)]],
    Field(min_length=1, max_length=MAX_USERS, description="Users to rank for."),
]
ListLength = Annotated[int, Field(ge=1, le=100, description="Products for each user.")]


class RankedProduct(BaseModel):
    """A product in a user's list, best first."""

    product_id: int
    category_id: int
    score: float
    reason: str


class UserRecommendations(BaseModel):
    """The list of one user."""

    user_id: int
    products: list[RankedProduct]


class RecommendAnswer(BaseModel):
    """Lists of one version on one snapshot."""

    model_version: int
    as_of: datetime
    recommendations: list[UserRecommendations]
    unknown_user_ids: list[int] = Field(description="Users whom the snapshot does not know.")


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
    """What serves, and what keeps a newer version from serving."""

    model_version: int | None
    as_of: datetime | None
    failure: str | None
