"""Request and response schemas of the model server."""

from datetime import datetime
from typing import Annotated

from pydantic import AwareDatetime, BaseModel, Field

MAX_USERS = 1000
Id = Annotated[int, Field(ge=0, le=2**63 - 1)]
UserIds = Annotated[
    list[Id],
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
CartProducts = Annotated[list[Id], Field(max_length=MAX_CART, description="What is in the cart.")]
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


MAX_LINES = 300
MAX_LISTED = 200


class LineSince(BaseModel):
    """A line of an order of the user's; `ordered_at` names its time zone."""

    order_id: Id
    product_id: Id
    quantity: Annotated[int, Field(ge=1)]
    unit_price: Annotated[float, Field(ge=0, description="What one piece cost in the end.")]
    discount_amount: Annotated[float, Field(ge=0, description="What the line was reduced by before that.")] = 0.0
    ordered_at: AwareDatetime


LinesSince = Annotated[
    list[LineSince],
    Field(max_length=MAX_LINES, description="Of the user's orders; older ones are left out."),
]
ListedProducts = Annotated[
    list[Id], Field(max_length=MAX_LISTED, description="The user's published list; without one, products are drawn.")
]


class RerankedProduct(BaseModel):
    """A product in a list that was ranked again; `reason` is null where the list's own holds on."""

    product_id: int
    category_id: int
    score: float
    reason: str | None


class Reranking(BaseModel):
    """A user's list, ranked again, best first; `batch_id` names the batch of the same version on the same snapshot."""

    model_version: int
    as_of: datetime
    batch_id: str
    products: list[RerankedProduct]


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
