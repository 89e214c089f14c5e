"""Schemas of the storefront's own look: what its pages ask for first."""

from pydantic import BaseModel, Field

from api.schemas.basics import AnswerId


class LocalizedText(BaseModel):
    """A text in each language of the pages."""

    ko: str
    en: str


class StorefrontColours(BaseModel):
    """Colours `#rrggbb` that white text can be read on; null = the pages' own."""

    primary: str | None
    offer: str | None


class StorefrontDepartment(BaseModel):
    """A department of the menu."""

    category_id: AnswerId
    name: LocalizedText
    icon_url: str | None = Field(description="Null where no drawing fits: the first letter of the name stands for it.")
    is_restricted: bool = Field(description="Never recommended but beside products of the same department.")


class StorefrontBanner(BaseModel):
    """A banner of the homepage."""

    title: LocalizedText
    text: LocalizedText | None = Field(description="Null = the pages' own words for best sellers.")
    action: LocalizedText | None = Field(description="Words of the button; null = the pages' own.")
    link: str = Field(description="Path of the pages, or a full URL.")
    picture_urls: list[str] = Field(description="At most four, the largest first.")
    background: str | None = Field(description="Colour `#rrggbb` that dark text can be read on; null = the pages' own.")


class Storefront(BaseModel):
    """What a merchant said of the storefront, completed with defaults from the shop itself."""

    name: LocalizedText | None = Field(description="The shop's name; null if nobody gave one.")
    logo_url: str | None
    tagline: LocalizedText | None
    notice: LocalizedText | None = Field(description="The line at the foot of the pages.")
    colours: StorefrontColours
    departments: list[StorefrontDepartment] = Field(description="In the order of the menu.")
    banners: list[StorefrontBanner]
    takes_orders: bool = Field(description="Whether orders are placed here; if not, the shop takes them itself.")
