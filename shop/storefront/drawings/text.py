"""Text inside drawings: escaped, cut to a length, and sized to the room it has."""

import unicodedata
from html import escape as escape_html

MAX_LETTERS = 28
SMALLEST = 11


def escape(text: str) -> str:
    """Make any text harmless inside SVG: markup is escaped, control characters are left out."""
    kept = "".join(letter for letter in text if unicodedata.category(letter) not in ("Cc", "Cs", "Cn"))
    return escape_html(kept, quote=True)


def fit_text(text: str | None, center: int, baseline: int, width: int, largest: int, color: str) -> str:
    """Write one centered line as large as fits; nothing for no text.

    Args:
        text: is shortened with an ellipsis beyond 28 letters.
        center: x of the middle, in units of the drawing.
        baseline: y of the letters' feet.
        width: room in units of the drawing.
        largest: largest font size.
        color: of the letters.
    """
    if not text:
        return ""
    short = text if len(text) <= MAX_LETTERS else f"{text[: MAX_LETTERS - 1].rstrip()}…"
    ems = sum(1.0 if unicodedata.east_asian_width(letter) in "WF" else 0.64 for letter in short)
    size = max(SMALLEST, min(largest, int(width / ems)))
    squeeze = f' textLength="{width}" lengthAdjust="spacingAndGlyphs"' if ems * size > width else ""
    return (
        f'<text x="{center}" y="{baseline}" font-size="{size}" font-weight="700" text-anchor="middle"{squeeze} '
        f'fill="{color}">{escape(short)}</text>'
    )
