"""Contrast of colours as WCAG 2.2 defines it: https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio."""

import re

HEX = re.compile(r"#[0-9a-fA-F]{6}")
LEAST_CONTRAST = 4.5
"""What level AA asks of text."""

PAPER = "#fcfcf9"
"""Colour of the pages (`--color-background`): links stand on it, and buttons carry white, which is lighter still."""

INK = "#18221b"
"""Colour of the pages' text (`--color-foreground`), which banners carry."""

DARKER = 0.97


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio of two colours `#rrggbb`, from 1 (the same) to 21 (black on white)."""
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def darken_until_readable(colour: str) -> str:
    """Return the nearest darker shade that can be read on the pages, and that white text can be read on."""
    channels = [float(channel) for channel in _channels(colour)]
    while contrast(_write(channels), PAPER) < LEAST_CONTRAST:
        channels = [DARKER * channel for channel in channels]
    return _write(channels)


def lighten_until_readable(colour: str) -> str:
    """Return the nearest lighter shade that the pages' text can be read on."""
    channels = [float(channel) for channel in _channels(colour)]
    while contrast(_write(channels), INK) < LEAST_CONTRAST:
        channels = [255 - DARKER * (255 - channel) for channel in channels]
    return _write(channels)


def _luminance(colour: str) -> float:
    """Relative luminance of sRGB: 0.2126 R + 0.7152 G + 0.0722 B of linear channels."""
    linear = [
        share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4
        for share in (channel / 255 for channel in _channels(colour))
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _channels(colour: str) -> list[int]:
    return [int(colour[at : at + 2], 16) for at in (1, 3, 5)]


def _write(channels: list[float]) -> str:
    return "#" + "".join(f"{int(channel):02x}" for channel in channels)
