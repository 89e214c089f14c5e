"""What the API takes and gives, field by field. The storefront's client is generated from these."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

MAX_ID = 2**63 - 1
MAX_EVENTS = 200

Id = Annotated[int, Field(ge=0, le=MAX_ID)]
Token = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9._:-]+$")]


class ListedProduct(BaseModel):
    """A product in a list."""

    product_id: int
    category_id: int
    title: str
    price: float = Field(description="Price now, in the shop's currency.")
    image_url: str = Field(description="Path on this server, or a full URL.")


class HomeRecommendations(BaseModel):
    """The homepage of a shopper."""

    user_nickname: str = Field(description="Empty for a shopper whom the shop does not know.")
    recommendations: list[ListedProduct] = Field(description="Best first; sellable now; no product twice.")


class SimilarProducts(BaseModel):
    """Products that go with one product."""

    product_id: int
    products: list[ListedProduct]


class ProductDetails(BaseModel):
    """A product on its own page."""

    product_id: int
    category_id: int
    category_name: str
    title: str
    brand: str | None
    product_type: str | None
    size: str | None
    price: float
    in_stock: bool
    description: str | None
    image_urls: list[str]


class ShopperEvent(BaseModel):
    """Something that a shopper saw or did with one product."""

    model_config = ConfigDict(extra="forbid")

    event_key: Annotated[str, Field(min_length=1, max_length=100)] = Field(
        description="Made by the storefront, unique to the event: the same key again changes nothing."
    )
    event_type: Literal["impression", "click", "cart", "order"]
    product_id: Id
    user_id: Id | None = None
    request_id: Token = Field(description="X-Request-Id of the answer that showed the product.")
    position: Annotated[int, Field(ge=0, le=1000)] | None = Field(None, description="Slot in that answer, from 0.")
    batch_id: Token | None = Field(None, description="X-Batch-Id of that answer.")
    model_version: Annotated[str, Field(max_length=32)] | None = Field(None, description="X-Model-Version of it.")
    occurred_at: AwareDatetime = Field(description="When it happened, with a time zone.")


class ShopperEvents(BaseModel):
    """A batch of events."""

    model_config = ConfigDict(extra="forbid")

    events: Annotated[list[ShopperEvent], Field(min_length=1, max_length=MAX_EVENTS)]


class EventsReceipt(BaseModel):
    """What became of a batch of events."""

    accepted: int = Field(description="Events written now.")
    duplicates: int = Field(description="Events that were written before.")


class Problem(BaseModel):
    """One thing that is wrong, and what helps."""

    part: Literal["database", "recommendations", "model_server"]
    problem: str
    remedy: str


class Health(BaseModel):
    """How the API is. Degraded still answers, from lower rungs or the local copy."""

    status: Literal["ok", "degraded"]
    problems: list[Problem]
    batch_id: str | None
    model_version: str | None
    as_of: datetime | None
    batch_age_seconds: int | None


class ErrorDetail(BaseModel):
    """One malformed field."""

    field: str
    problem: str


class Error(BaseModel):
    """Why a request was not answered."""

    code: str = Field(description="A word to decide by.")
    message: str = Field(description="A sentence to read.")
    details: list[ErrorDetail] = []
    request_id: str


class ErrorAnswer(BaseModel):
    """The one shape of every error."""

    error: Error
