import pytest

from shop.storefront.colours import INK, PAPER, contrast, darken_until_readable, lighten_until_readable


@pytest.mark.parametrize(
    ("one", "other", "ratio"),
    [
        ("#000000", "#ffffff", 21.0),
        ("#ffffff", "#ffffff", 1.0),
        ("#777777", "#ffffff", 4.48),
        ("#0000ff", "#ffffff", 8.59),
    ],
)
def test_contrast_is_that_of_wcag(one: str, other: str, ratio: float) -> None:
    assert contrast(one, other) == contrast(other, one) == pytest.approx(ratio, abs=0.01)


@pytest.mark.parametrize("colour", ["#ffcc00", "#ffffff", "#5b2a86", "#000000"])
def test_the_proposed_shade_is_readable_and_no_further_away_than_need_be(colour: str) -> None:
    darker, lighter = darken_until_readable(colour), lighten_until_readable(colour)

    assert contrast(darker, PAPER) >= 4.5
    assert contrast(lighter, INK) >= 4.5
    assert contrast(darker, PAPER) < 5 or darker == colour
    assert contrast(lighter, INK) < 5 or lighter == colour
