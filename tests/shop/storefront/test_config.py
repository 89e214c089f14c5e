from datetime import date

import pytest

from shop.loaders.demo.build import DEMO_FOLDER
from shop.storefront.config import MOST_CHARACTERS, InvalidStorefrontError, StorefrontConfig, parse_storefront


def refuse(document: str) -> str:
    with pytest.raises(InvalidStorefrontError) as refused:
        parse_storefront(document)
    return str(refused.value)


def test_an_empty_document_says_nothing() -> None:
    assert parse_storefront("") == StorefrontConfig()


def test_words_of_one_language_stand_for_both() -> None:
    config = parse_storefront('name = "Sweet"\ntagline = { ko = "달콤" }\nnotice = { ko = "안내", en = "Notice" }')

    assert (config.name.ko, config.name.en) == ("Sweet", "Sweet")
    assert (config.tagline.ko, config.tagline.en) == ("달콤", "달콤")
    assert (config.notice.ko, config.notice.en) == ("안내", "Notice")


def test_a_department_keeps_its_own_name_in_other_languages() -> None:
    config = parse_storefront('[departments]\nTea = { name.ko = "차" }')

    assert (config.departments["Tea"].name.ko, config.departments["Tea"].name.en) == ("차", None)


def test_a_drawing_is_named_or_a_picture_has_an_address() -> None:
    config = parse_storefront('logo = "/static/images/storefront/logo.svg"\n[departments]\nTea = { icon = "teapot" }')

    assert config.logo == "/static/images/storefront/logo.svg"
    assert config.departments["Tea"].icon == "/static/images/drawings/teapot.svg"


def test_the_demo_shops_document_holds() -> None:
    config = parse_storefront((DEMO_FOLDER / "storefront.toml").read_text(encoding="utf-8"))

    assert len(config.departments) == 16
    assert config.departments["Beer, Wine & Tobacco"].restricted


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ("name = \nlogo = 1", "this is no TOML: .*line 1"),
        ("nam = 'a'", "nam = 'a': there is no such field"),
        ("name = 1", "name = 1: write text"),
        ("name = ''", "name.ko = '': write at least one letter"),
        ("[departments.Tea]\nname.fr = 'The'", "departments.Tea.name.fr = 'The': there is no such field"),
        ("[departments.Tea]\nicon = 'unicorn'", "departments.Tea.icon = 'unicorn': there is no drawing of this name"),
        ("[departments.Tea]\nrestricted = 1", "departments.Tea.restricted = 1: .*boolean"),
        ("logo = '//evil.example/x.svg'", "logo = .*write a path"),
        ("logo = 'http://plain.example/x.svg'", "logo = .*https://"),
        ("logo = 'https://[half/x.svg'", "logo = .*this is no address"),
        ("[colours]\nprimary = 'red'", "colours.primary = 'red': write a colour as #rrggbb"),
        (
            "[colours]\nprimary = '#ffcc00'",
            "colours.primary = '#ffcc00': its contrast with the pages is 1.5, and 4.5 .* is dark",
        ),
        ("[[banners]]\ntitle = 'a'", r"banners\[1\]: give either department or link"),
        ("[[banners]]\ntitle = 'a'\nlink = '/'\ndepartment = 'Tea'", r"banners\[1\]: give either"),
        ("[[banners]]\ntitle = 'a'\nlink = 'javascript:alert(1)'", r"banners\[1\].link = .*write a path"),
        ("[[banners]]\ntitle = 'a'\nlink = '/'\nbackground = '#333333'", r"banners\[1\].background .*is light enough"),
        (
            "[[banners]]\ntitle = 'a'\nlink = '/'\nfirst_day = 2026-12-24\nlast_day = 2026-12-01",
            r"banners\[1\]: last_day 2026-12-01 is before first_day 2026-12-24",
        ),
    ],
)
def test_what_breaks_a_rule_is_named_with_section_and_field(document: str, words: str) -> None:
    with pytest.raises(InvalidStorefrontError, match=words):
        parse_storefront(document)


def test_a_document_that_is_too_long_is_refused() -> None:
    assert "the document has 30,002 characters; 30,000 are the most" in refuse(f"# {'x' * MOST_CHARACTERS}")


def test_all_that_is_wrong_is_named_at_once() -> None:
    message = refuse("nam = 'a'\n[colours]\nprimary = 'red'\n[[banners]]\ntitle = 'a'")

    assert all(place in message for place in ("nam", "colours.primary", "banners[1]"))


def test_a_banner_is_shown_on_its_days() -> None:
    document = "[[banners]]\ntitle = 'a'\nlink = '/'\nfirst_day = 2026-12-01\nlast_day = 2026-12-24"
    [banner] = parse_storefront(document).banners or []

    shown = [day for day in (1, 24, 25) if banner.is_shown(date(2026, 12, day))]

    assert shown == [1, 24]
    assert not banner.is_shown(date(2026, 11, 30))
