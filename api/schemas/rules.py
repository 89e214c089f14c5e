"""Schemas of the merchant's rules."""

from datetime import UTC, datetime
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, AwareDatetime, BaseModel, Field, model_validator

from api.schemas.basics import Id
from api.schemas.catalogue import ListedProduct
from api.schemas.home import ExplainedHome

RuleAction = Literal["pin", "boost", "bury", "hide", "cap"]
RuleState = Literal["active", "planned", "over", "off"]

VALUES: dict[str, tuple[int, int] | None] = {
    "pin": (1, 20),
    "boost": (2, 100),
    "bury": (2, 100),
    "hide": None,
    "cap": (0, 19),
}
"""Least and largest value of each action: slot, strength, strength, none, most of the first 20 slots."""

FIRST_YEAR, LAST_YEAR = 2000, 2199

Text = Annotated[str, Field(min_length=1, max_length=200)]


def _require_near(instant: datetime) -> datetime:
    if not FIRST_YEAR <= instant.year <= LAST_YEAR:
        raise ValueError(f"the year lies between {FIRST_YEAR} and {LAST_YEAR}")
    return instant.astimezone(UTC)


Instant = Annotated[AwareDatetime, AfterValidator(_require_near)]


class ProductTarget(BaseModel):
    """A product, or all variants of it."""

    kind: Literal["product", "family"]
    product_id: Id


class CategoryTarget(BaseModel):
    """A department."""

    kind: Literal["category"]
    category_id: Id


class BrandTarget(BaseModel):
    """All products of a brand, written as the shop writes it."""

    kind: Literal["brand"]
    brand: Text


class ProductTypeTarget(BaseModel):
    """All products of a kind, written as the shop writes it."""

    kind: Literal["product_type"]
    product_type: Text


RuleTarget = Annotated[ProductTarget | CategoryTarget | BrandTarget | ProductTypeTarget, Field(discriminator="kind")]


class RuleDraft(BaseModel):
    """What a merchant wants of lists."""

    action: RuleAction
    target: RuleTarget
    value: int | None = Field(
        None,
        description="pin: slot of the homepage, 1 to 20. boost, bury: strength, 2 to 100. cap: most of the first 20 "
        "slots, 0 to 19. hide: null.",
    )
    starts_at: Instant | None = Field(None, description="From when on it holds; null = at once.")
    ends_at: Instant | None = Field(None, description="First instant at which it holds no more; null = never.")
    is_active: bool = True
    note: str = Field("", max_length=500, description="For the merchant's people; shoppers never see it.")

    @model_validator(mode="after")
    def _check(self) -> Self:
        """Check what several fields say together.

        Raises:
            ValueError: the value is not one of the action's, the dates are the wrong way round, or a cap speaks of
                something that a list shows once anyway.
        """
        bounds = VALUES[self.action]
        if bounds is None and self.value is not None:
            raise ValueError(f"{self.action} has no value")
        if bounds is not None and (self.value is None or not bounds[0] <= self.value <= bounds[1]):
            raise ValueError(f"the value of {self.action} is a whole number from {bounds[0]} to {bounds[1]}")
        if self.starts_at is not None and self.ends_at is not None and self.starts_at >= self.ends_at:
            raise ValueError("ends_at lies after starts_at")
        if self.action == "cap" and self.target.kind in ("product", "family"):
            raise ValueError("a cap speaks of a brand, a category or a product_type: a list shows a family once anyway")
        return self


class ListedRule(RuleDraft):
    """A rule as it is kept."""

    rule_id: int
    state: RuleState
    target_name: str | None = Field(description="The product's title, the department's name; null if it is gone.")


class Rules(BaseModel):
    """All rules, the newest first."""

    rules: list[ListedRule]


class RuleChange(BaseModel):
    """One change of a rule: made (`before` is null), changed, or deleted (`after` is null)."""

    change_id: int
    rule_id: int
    changed_by: str
    changed_at: datetime
    before: RuleDraft | None
    after: RuleDraft | None


class RuleChanges(BaseModel):
    """Who changed rules, the latest first."""

    changes: list[RuleChange]


class PreviewRequest(BaseModel):
    """Whose homepage, and a rule to try out on it, which is not saved."""

    user_id: Id | None = Field(None, description="The shopper; null for one who is logged out.")
    limit: int = Field(20, ge=1, le=100)
    rule: RuleDraft | None = None
    rule_id: Annotated[int, Field(ge=1, le=2**63 - 1)] | None = Field(
        None, description="The rule in whose place `rule` is tried out."
    )


class HoldingRule(BaseModel):
    """A rule of the merchant's that keeps a product off a page, or out of its first slots."""

    rule_id: int
    action: Literal["hide", "cap"]


class HeldBackProduct(ListedProduct):
    """A product that a homepage would show if nothing were hidden or capped."""

    slot: int = Field(description="The slot that it would have, from 1.")
    rules: list[HoldingRule] = Field(description="What hides it, and the full caps that mean it.")


class PreviewedPage(ExplainedHome):
    """A homepage with its reasons, and where it comes from."""

    batch_id: str | None
    model_version: str
    rungs: str
    held_back: list[HeldBackProduct] = Field(
        description="What the merchant's rules hide, or cap in the first 20 slots, of the page that there would be "
        "without these rules."
    )


class Preview(BaseModel):
    """A shopper's homepage side by side."""

    now: PreviewedPage
    compared: PreviewedPage | None = Field(
        description="As COMPARED_ALIAS would make it; null where no alias is compared, or it has no lists yet."
    )
    tried: PreviewedPage | None = Field(description="With `rule`; null without one.")
