"""Schemas of shoppers' events."""

from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from api.schemas.basics import Id, Token

MAX_EVENTS = 200


class Source(BaseModel):
    """The answer that showed a product, as its headers named it."""

    model_config = ConfigDict(extra="forbid")

    request_id: Token = Field(description="X-Request-Id of the answer that showed the product.")
    position: Annotated[int, Field(ge=0, le=1000, strict=True)] | None = Field(
        None, description="Slot in that answer, from 0."
    )
    batch_id: Token | None = Field(None, description="X-Batch-Id of that answer.")
    model_version: Annotated[str, Field(max_length=32)] | None = Field(None, description="X-Model-Version of it.")
    rung: Annotated[str, Field(max_length=100)] | None = Field(None, description="X-Rung of it.")
    arm: Annotated[str, Field(max_length=64)] | None = Field(None, description="X-Arm of it.")
    shelf: Annotated[str, Field(max_length=32, pattern=r"^[a-z_]+$")] | None = Field(
        None, description="Code of the shelf that the product stood on; its position counts from 0 on each shelf."
    )
    place: Annotated[int, Field(ge=0, le=1000, strict=True)] | None = Field(
        None, description="Where that shelf stood on the page of shelves, as the page says."
    )
    propensity: Annotated[float, Field(ge=0.001, le=1)] | None = Field(
        None, description="Share of shoppers for whom it stands there, as the page says."
    )


class ShopperEvent(Source):
    """Something that a shopper saw or did with one product."""

    event_key: Annotated[str, Field(min_length=1, max_length=100)] = Field(
        description="Made by the storefront, unique among the shopper's events: the same key again changes nothing."
    )
    event_type: Literal["impression", "click", "cart"] = Field(
        description="Orders are reported by the checkout itself."
    )
    product_id: Id
    user_id: Id | None = None
    occurred_at: AwareDatetime = Field(
        description="When it happened, with a time zone: at most 7 days ago, and not in the future."
    )


class ShopperEvents(BaseModel):
    """A batch of events."""

    model_config = ConfigDict(extra="forbid")

    events: Annotated[list[ShopperEvent], Field(min_length=1, max_length=MAX_EVENTS)]


class EventsReceipt(BaseModel):
    """What became of a batch of events."""

    accepted: int = Field(description="Events written now.")
    duplicates: int = Field(description="Events that were written before.")
    refused: int = Field(description="Events of another time, or with the key of another event: never written.")
