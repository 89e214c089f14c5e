"""The drawing of one product: a pack in its brand's colours with a drawing, the brand and the size on the label.

Where no drawing fits the product, its initial stands on a card: neutral, but one's own colour.
"""

import hashlib
from functools import cache

from shop.storefront.drawings.choice import DrawingChoice, choose_grocery_drawing, choose_product_drawing, load_drawing
from shop.storefront.drawings.packs import Pack, Paint, draw_pack
from shop.storefront.drawings.text import escape, fit_text

FIELD = 400
INK = "#2b2f36"
KIND_HUE_STEP = 22
SMALLEST_SCALE, SCALES = 0.82, 7
PATTERNS = ("plain", "band", "circle", "stripes")


def render_product_drawing(
    *,
    product_id: int,
    category_id: int,
    title: str,
    brand: str | None = None,
    product_type: str | None = None,
    size: str | None = None,
    category_name: str | None = None,
    is_grocery: bool = False,
) -> str:
    """Draw a product as an SVG document of 400 x 400, always the same for the same arguments.

    Args:
        product_id: varies the composition, so that a shelf of alike products does not look stamped.
        category_id: gives the tint of the background.
        title: stands in for a missing type, and is the picture's accessible name.
        brand: gives the pack its colours and its name.
        product_type: decides what is drawn.
        size: is written on the pack.
        category_name: decides in a grocery what is drawn where neither type nor title says it.
        is_grocery: draw by a grocer's words, which guess more.
    """
    look = choose_product_drawing(product_type or "", title)
    if is_grocery:
        look = choose_grocery_drawing(product_type or "", title, category_name or "") or look
    dice = _roll(f"{product_id}")
    paint = _mix_paint(brand or f"category {category_id}", dice)
    if look is None:
        scene = _compose_initial(paint, title, brand, size)
    elif look.pack == "loose":
        scene = _compose_loose(dice, brand, size)
    elif look.pack == "card":
        scene = _compose_card(paint, brand, size)
    else:
        scene = _compose_pack(draw_pack(look.pack, paint), look.pack, paint, dice, brand, size)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {FIELD} {FIELD}" role="img" '
        f'font-family="Noto Sans KR, Noto Sans, Helvetica, Arial, sans-serif"><title>{escape(title)}</title>'
        f"{_define(look)}{_paint_background(category_id, dice)}{_scale(scene, dice)}</svg>"
    )


def _define(look: DrawingChoice | None) -> str:
    """Define the drawing that the scene uses, if it uses one."""
    if look is None:
        return ""
    return f'<defs><symbol id="d" viewBox="0 0 32 32">{load_drawing(look.drawing)}</symbol></defs>'


def _scale(scene: str, dice: int) -> str:
    """Make one product larger than the next, standing on the same floor."""
    scale = SMALLEST_SCALE + (1 - SMALLEST_SCALE) * (dice // 11 % SCALES) / (SCALES - 1)
    return f'<g transform="translate(200 352) scale({scale:.2f}) translate(-200 -352)">{scene}</g>'


@cache
def _roll(key: str) -> int:
    """Turn a key into a large number that stays the same on every machine."""
    return int.from_bytes(hashlib.sha256(key.encode(errors="replace")).digest()[:6], "big")


def _mix_paint(brand: str, product_dice: int) -> Paint:
    """Give a brand its colours: any hue, and one of four tempers from bold to pastel.

    Each product leans to one side of its brand's hue and has a lid of its own, as kinds of one maker do on a shelf: a
    row of one maker's milk shows several colours that belong together.
    """
    dice = _roll(brand)
    hue, temper = (dice + (product_dice // 4000 % 7 - 3) * KIND_HUE_STEP) % 360, dice // 360 % 4
    saturation, lightness = ((62, 46), (48, 38), (58, 60), (40, 72))[temper]
    lid_hue = (hue + (30, 110, 180, 250)[product_dice // 120_000 % 4]) % 360
    return Paint(
        main=f"hsl({hue},{saturation}%,{lightness}%)",
        dark=f"hsl({hue},{saturation}%,{max(lightness - 14, 18)}%)",
        light=f"hsl({hue},{saturation}%,{min(lightness + 16, 90)}%)",
        lid=f"hsl({lid_hue},55%,48%)",
    )


def _paint_background(category_id: int, dice: int) -> str:
    """Tint the field by category, with a lighter disc whose place varies, and a shadow to stand on."""
    hue = category_id * 137 % 360  # the golden angle keeps neighbouring categories apart
    x, radius = 150 + dice % 100, 150 + dice // 100 % 40
    return (
        f'<rect width="{FIELD}" height="{FIELD}" fill="hsl({hue},46%,93%)"/>'
        f'<circle cx="{x}" cy="190" r="{radius}" fill="hsl({hue},56%,97%)"/>'
        '<ellipse cx="200" cy="352" rx="128" ry="16" fill="#000" fill-opacity=".1"/>'
    )


def _compose_pack(pack: Pack, name: str, paint: Paint, dice: int, brand: str | None, size: str | None) -> str:
    """Put label, brand, drawing and size onto the pack."""
    x, y, width, height = pack.label
    center = x + width // 2
    if name == "tray":
        drawings = _use(76, 122, pack.drawing_size) + _use(178, 118, pack.drawing_size - 14)
        label = f'<rect x="{x}" y="{y}" width="{width}" height="{height}" rx="8" fill="#fff"/>'
        texts = fit_text(brand, center, y + 30, width - 16, 20, INK) + fit_text(
            size, center, y + 54, width - 16, 17, INK
        )
        return pack.shape + drawings + label + texts
    brand_height = 30 if brand else 0
    size_height = 26 if size else 0
    room = height - brand_height - size_height
    drawing_size = min(pack.drawing_size, room - 8, width - 12)
    drawing_y = y + brand_height + (room - drawing_size) // 2
    label = _draw_label(pack, PATTERNS[dice % len(PATTERNS)], paint, drawing_y + drawing_size // 2, drawing_size)
    return (
        pack.shape
        + label
        + fit_text(brand, center, y + 23, width - 12, 21, INK)
        + _use(center - drawing_size // 2, drawing_y, drawing_size)
        + fit_text(size, center, y + height - 9, width - 12, 18, INK)
    )


def _draw_label(pack: Pack, pattern: str, paint: Paint, middle: int, drawing_size: int) -> str:
    """Draw the label in one of a few styles around the height at which the drawing sits."""
    x, y, width, height = pack.label
    label = f'<rect x="{x}" y="{y}" width="{width}" height="{height}" rx="10" fill="#fffdf8"/>'
    if pattern == "band":
        top = middle - drawing_size // 2
        label += f'<rect x="{x}" y="{top + 8}" width="{width}" height="{drawing_size - 16}" fill="{paint.light}"/>'
    elif pattern == "circle":
        radius = min(drawing_size // 2 + 6, width // 2 - 2)
        label += f'<circle cx="{x + width // 2}" cy="{middle}" r="{radius}" fill="{paint.light}"/>'
    elif pattern == "stripes":
        step = max(drawing_size // 5, 8)
        label += "".join(
            f'<rect x="{x}" y="{middle - drawing_size // 2 + index * step}" width="{width}" height="{step // 2}" '
            f'fill="{paint.light}" fill-opacity=".55"/>'
            for index in range(5)
        )
    return label


def _compose_loose(dice: int, brand: str | None, size: str | None) -> str:
    """Heap up the drawing itself, one to four of it, with a price-tag like sign for brand and size."""
    heaps = (
        ((80, 80, 240),),
        ((52, 96, 170), (182, 122, 170)),
        ((60, 150, 150), (190, 150, 150), (124, 72, 150)),
        ((48, 170, 130), (135, 180, 130), (222, 170, 130), (110, 84, 130), (186, 90, 120)),
    )
    drawings = "".join(_use(*place) for place in heaps[dice // 7 % len(heaps)])
    return drawings + _draw_sign(brand, size)


def _compose_card(paint: Paint, brand: str | None, size: str | None) -> str:
    """Show the drawing large, on a card of the brand's colour."""
    return _draw_card(paint, brand, size) + _use(118, 86, 164)


def _compose_initial(paint: Paint, title: str, brand: str | None, size: str | None) -> str:
    """Show the first letter of the title large, on the same card."""
    initial = next((letter for letter in title if letter.isalnum()), "")
    return _draw_card(paint, brand, size) + fit_text(initial.upper(), 200, 216, 164, 132, paint.dark)


def _draw_card(paint: Paint, brand: str | None, size: str | None) -> str:
    """Draw an empty card of the brand's colour, with brand and size below its field."""
    card = (
        f'<rect x="78" y="52" width="244" height="300" rx="22" fill="{paint.main}"/>'
        '<rect x="94" y="68" width="212" height="200" rx="14" fill="#fffdf8"/>'
        f'<rect x="176" y="60" width="48" height="14" rx="7" fill="{paint.dark}"/>'
    )
    texts = fit_text(brand, 200, 302 if size else 318, 212, 24, "#fff") + fit_text(
        size, 200, 332 if brand else 318, 212, 20, "#fff"
    )
    return card + texts


def _draw_sign(brand: str | None, size: str | None) -> str:
    """Draw the little sign that stands in a heap; none where there is nothing to say."""
    if not brand and not size:
        return ""
    both = bool(brand and size)
    top = 316 if both else 334
    return (
        f'<rect x="90" y="{top}" width="220" height="{376 - top}" rx="10" fill="#fffdf8" stroke="#d9d2c3"/>'
        + fit_text(brand, 200, top + 25, 204, 20, INK)
        + fit_text(size, 200, 366, 204, 17, INK)
    )


def _use(x: int, y: int, size: int) -> str:
    return f'<use href="#d" x="{x}" y="{y}" width="{size}" height="{size}"/>'
