"""The storefront's document: its sections and fields, and what is wrong with one that breaks a rule."""

import re
import tomllib
from datetime import date
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from shop.storefront.colours import (
    HEX,
    INK,
    LEAST_CONTRAST,
    PAPER,
    contrast,
    darken_until_readable,
    lighten_until_readable,
)
from shop.storefront.drawings.choice import list_drawings

MOST_CHARACTERS = 30_000
RULES = {
    "extra_forbidden": "there is no such field",
    "model_type": "write text, or a table of texts by language (ko, en)",
    "string_too_short": "write at least one letter",
}
"""Rules in our words, where the validator's say less."""

ADDRESS = re.compile(r"/(?!/)[^\s\\]*|https://[^\s/][^\s]*")


class InvalidStorefrontError(Exception):
    """The document breaks rules; the message names each with its section and field."""


def _colour(value: str) -> str:
    if HEX.fullmatch(value) is None:
        raise ValueError("write a colour as #rrggbb")
    return value.lower()


def _readable_colour(value: str) -> str:
    value = _colour(value)
    if (ratio := contrast(value, PAPER)) < LEAST_CONTRAST:
        better = darken_until_readable(value)
        raise ValueError(
            f"its contrast with the pages is {ratio:.1f}, and {LEAST_CONTRAST} is needed: {better} is dark enough"
        )
    return value


def _readable_background(value: str) -> str:
    value = _colour(value)
    if (ratio := contrast(value, INK)) < LEAST_CONTRAST:
        better = lighten_until_readable(value)
        raise ValueError(
            f"dark text on it has a contrast of {ratio:.1f}, and {LEAST_CONTRAST} is needed: {better} is light enough"
        )
    return value


def _address(value: str) -> str:
    if ADDRESS.fullmatch(value) is None:
        raise ValueError("write a path that begins with /, or an address that begins with https://")
    try:
        urlsplit(value)
    except ValueError as err:
        raise ValueError(f"this is no address: {err}") from err
    return value


def _picture(value: str) -> str:
    """Take an address, or the name of a drawing, which becomes its address."""
    if "/" in value:
        return _address(value)
    if value not in list_drawings():
        raise ValueError("there is no drawing of this name; give the address of a picture, or a name of drawings.json")
    return drawing_address(value)


def drawing_address(name: str) -> str:
    """Name where the API serves a drawing."""
    return f"/static/images/drawings/{name}.svg"


Address = Annotated[str, Field(max_length=500), AfterValidator(_address)]
Picture = Annotated[str, Field(max_length=500), AfterValidator(_picture)]
TextColour = Annotated[str, AfterValidator(_readable_colour)]
Background = Annotated[str, AfterValidator(_readable_background)]


SearchWord = Annotated[str, Field(min_length=1, max_length=50), AfterValidator(str.lower)]
SearchWords = Annotated[str, Field(min_length=1, max_length=100)]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Words(_Section):
    """Words in each language of the pages."""

    ko: str = Field(min_length=1, max_length=200)
    en: str = Field(min_length=1, max_length=200)


def _every_language(value: Any) -> Any:
    return {"ko": value, "en": value} if isinstance(value, str) else value


def _both_languages(value: Any) -> Any:
    """Let words of one language stand for both."""
    if isinstance(value, dict) and len(value) == 1:
        [words] = value.values()
        return {"ko": words, "en": words} | value
    return _every_language(value)


class Names(_Section):
    """A name in each language that knows one of its own."""

    ko: str | None = Field(default=None, min_length=1, max_length=200)
    en: str | None = Field(default=None, min_length=1, max_length=200)


SomeNames = Annotated[Names, BeforeValidator(_every_language)]
SomeWords = Annotated[Words, BeforeValidator(_both_languages)]


class Colours(_Section):
    """Colours that white text can be read on.

    Attributes:
        primary: buttons, links, the shop's name.
        offer: coupons, and what is sold out.
    """

    primary: TextColour | None = None
    offer: TextColour | None = None


class DepartmentConfig(_Section):
    """What differs from the defaults of one department.

    Attributes:
        name: in each language; the shop's own where one is left out.
        icon: a drawing's name or a picture's address.
        restricted: never recommended on the homepage, in a banner or beside products of other departments.
    """

    name: SomeNames = Names()
    icon: Picture | None = None
    restricted: bool | None = None


class Banner(_Section):
    """One banner of the homepage.

    Attributes:
        department: name of the department that it leads to; or `link`.
        pictures: the largest first; the department's best sellers where it is left out.
        first_day: it is shown from this day on, UTC.
        last_day: it is shown up to the end of this day, UTC.
    """

    title: SomeWords
    text: SomeWords | None = None
    action: SomeWords | None = None
    department: str | None = None
    link: Address | None = None
    pictures: list[Picture] = Field(default=[], max_length=4)
    background: Background | None = None
    first_day: date | None = None
    last_day: date | None = None

    @model_validator(mode="after")
    def _lead_somewhere(self) -> "Banner":
        if (self.department is None) == (self.link is None):
            raise ValueError("give either department or link")
        if self.first_day and self.last_day and self.last_day < self.first_day:
            raise ValueError(f"last_day {self.last_day} is before first_day {self.first_day}")
        return self

    def is_shown(self, today: date) -> bool:
        """Return whether a day lies within the banner's days."""
        return (self.first_day or today) <= today <= (self.last_day or today)


class SearchConfig(_Section):
    """How shoppers name what the shop names otherwise.

    Attributes:
        synonyms: words of the shop's texts, by a word that finds them, too.
    """

    synonyms: dict[SearchWord, list[SearchWords]] = Field(default={}, max_length=1000)


class StorefrontConfig(_Section):
    """All that a merchant may say. What is left out has a default that is made from the shop.

    Attributes:
        notice: the line at the foot of the pages.
        drawings: how products without a picture are drawn: `things` shows a thing where the product surely is one,
            `grocery` knows a grocer's words, and guesses more.
        departments: by their names in the shop.
        banners: instead of those of the best-selling departments.
        search: other words for what the shop sells.
    """

    name: SomeWords | None = None
    logo: Picture | None = None
    tagline: SomeWords | None = None
    notice: SomeWords | None = None
    drawings: Literal["things", "grocery"] = "things"
    colours: Colours = Colours()
    departments: dict[str, DepartmentConfig] = {}
    banners: list[Banner] | None = Field(default=None, max_length=8)
    search: SearchConfig = SearchConfig()


def parse_storefront(document: str) -> StorefrontConfig:
    """Read a document; an empty one says nothing.

    Raises:
        InvalidStorefrontError: it is no TOML, or breaks rules; all of them are named.
    """
    if len(document) > MOST_CHARACTERS:
        raise InvalidStorefrontError(f"the document has {len(document):,} characters; {MOST_CHARACTERS:,} are the most")
    try:
        return StorefrontConfig.model_validate(tomllib.loads(document))
    except tomllib.TOMLDecodeError as err:
        raise InvalidStorefrontError(f"this is no TOML: {err}") from err
    except ValidationError as err:
        raise InvalidStorefrontError("; ".join(map(_describe, err.errors()))) from err


def name_departments(document: str) -> dict[str, str]:
    """Return the departments that a document speaks of, each with where it does, whatever else is wrong with it."""
    try:
        given = tomllib.loads(document)
    except tomllib.TOMLDecodeError:
        return {}  # nothing can be read of it, as `parse_storefront` says
    banners, departments = given.get("banners"), given.get("departments")
    listed = banners if isinstance(banners, list) else []
    named = {
        banner["department"]: f"banners[{at}].department"
        for at, banner in enumerate(listed, 1)
        if isinstance(banner, dict) and isinstance(banner.get("department"), str)
    }
    return named | {name: f"departments.{name!r}" for name in (departments if isinstance(departments, dict) else {})}


def _describe(error: Any) -> str:
    """Name section and field, the value where it is short, and what is wrong; entries of lists count from 1."""
    place = ""
    for part in error["loc"]:
        place += f"[{part + 1}]" if isinstance(part, int) else f".{part}" if place else str(part)
    value = error["input"]
    shown = f" = {value!r}" if isinstance(value, str | int | float) and len(str(value)) <= 60 else ""
    rule = RULES.get(error["type"], error["msg"].removeprefix("Value error, "))
    return f"{place}{shown}: {rule}"
