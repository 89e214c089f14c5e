"""The packs that products come in, as SVG on a field of 400 x 400. Each is a silhouette in the brand's colour.

A pack says where its label is; the drawing, the brand and the size go there.
"""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Paint:
    """Colours of one brand: the pack, its shaded side, its highlights, its lid."""

    main: str
    dark: str
    light: str
    lid: str


@dataclass(frozen=True)
class Pack:
    """A drawn pack.

    Attributes:
        shape: SVG elements.
        label: x, y, width, height of the label.
        drawing_size: how large the drawing is on the label.
    """

    shape: str
    label: tuple[int, int, int, int]
    drawing_size: int


GLOSS = 'fill="#fff" fill-opacity=".22"'


def _draw_box(paint: Paint) -> Pack:
    shape = (
        f'<path d="M286 78l34 22v246h-34z" fill="{paint.dark}"/>'
        f'<rect x="96" y="78" width="192" height="268" rx="6" fill="{paint.main}"/>'
        f'<path d="M96 84a6 6 0 0 1 6-6h180a6 6 0 0 1 6 6v18H96z" fill="{paint.lid}"/>'
    )
    return Pack(shape, (112, 116, 160, 214), 120)


def _draw_can(paint: Paint) -> Pack:
    shape = (
        '<path d="M112 96v238c0 14 39 24 88 24s88-10 88-24V96z" fill="#c9ced6"/>'
        f'<path d="M112 112c0 12 39 20 88 20s88-8 88-20v206c0 14-39 24-88 24s-88-10-88-24z" fill="{paint.main}"/>'
        '<ellipse cx="200" cy="96" rx="88" ry="22" fill="#e7eaef"/><ellipse cx="200" cy="96" rx="72" ry="15" '
        'fill="#b9bfc9"/>'
        f'<path d="M124 128v208q12 8 26 11V133q-16-2-26-5z" {GLOSS}/>'
    )
    return Pack(shape, (132, 144, 136, 178), 100)


def _draw_bottle(paint: Paint) -> Pack:
    shape = (
        f'<rect x="172" y="44" width="56" height="40" rx="8" fill="{paint.lid}"/>'
        f'<path d="M178 84h44v22c0 22 46 30 46 70v154a24 24 0 0 1-24 24h-88a24 24 0 0 1-24-24V176c0-40 46-48 46-70z" '
        f'fill="{paint.main}"/><path d="M146 180c0-20 14-32 26-42l8 6c-10 9-18 20-18 38v150h-16z" {GLOSS}/>'
    )
    return Pack(shape, (140, 180, 120, 160), 82)


def _draw_wine(paint: Paint) -> Pack:
    shape = (
        f'<rect x="178" y="30" width="44" height="64" rx="6" fill="{paint.lid}"/>'
        '<path d="M182 90h36v52c0 26 34 34 34 66v128a20 20 0 0 1-20 20h-64a20 20 0 0 1-20-20V208c0-32 34-40 34-66z" '
        f'fill="{paint.dark}"/><path d="M158 210c0-16 10-24 20-34v150h-20z" {GLOSS}/>'
    )
    return Pack(shape, (152, 214, 96, 116), 62)


def _draw_jar(paint: Paint) -> Pack:
    shape = (
        f'<rect x="124" y="84" width="152" height="44" rx="10" fill="{paint.lid}"/>'
        f'<path d="M132 128h136c20 10 28 26 28 44v148a32 32 0 0 1-32 32H136a32 32 0 0 1-32-32V172c0-18 8-34 28-44z" '
        f'fill="{paint.light}"/><path d="M104 178h192v136H104z" fill="{paint.main}"/>'
        f'<path d="M116 178h18v136h-18z" {GLOSS}/>'
    )
    return Pack(shape, (124, 172, 152, 150), 88)


def _draw_carton(paint: Paint) -> Pack:
    shape = (
        f'<path d="M128 136l30-62h84l30 62z" fill="{paint.light}"/><rect x="152" y="54" width="96" height="24" rx="4" '
        f'fill="{paint.lid}"/><path d="M242 74l30 62 26 14-30-66z" fill="{paint.dark}"/>'
        f'<path d="M272 136l26 14v184l-26 18z" fill="{paint.dark}"/><rect x="112" y="136" width="160" height="216" '
        f'rx="4" fill="{paint.main}"/><path d="M112 136l46-62h-8l-38 58z" fill="{paint.light}"/>'
    )
    return Pack(shape, (124, 150, 136, 190), 100)


def _draw_tub(paint: Paint) -> Pack:
    shape = (
        f'<path d="M104 136h192l-22 196a22 22 0 0 1-22 20H148a22 22 0 0 1-22-20z" fill="{paint.main}"/>'
        f'<rect x="92" y="104" width="216" height="36" rx="14" fill="{paint.lid}"/>'
        f'<path d="M120 142h22l14 206h-8a18 18 0 0 1-14-14z" {GLOSS}/>'
    )
    return Pack(shape, (136, 154, 128, 174), 94)


def _draw_bag(paint: Paint) -> Pack:
    crimp = "l9 8l9-8" * 11
    crimp_back = "l-9 8l-9-8" * 11
    shape = (
        f'<path d="M101 74{crimp}c-12 40-16 80-12 130s10 90 12 136{crimp_back}'
        f'c2-46 16-86 12-136s-4-90-12-130z" fill="{paint.main}"/>'
        f'<path d="M101 74{crimp}l-4 22H104z" fill="{paint.dark}"/>'
        f'<path d="M124 112c-8 60-2 140 4 216l14 2c-8-80-10-150-2-218z" {GLOSS}/>'
    )
    return Pack(shape, (124, 116, 152, 200), 116)


def _draw_tray(paint: Paint) -> Pack:
    shape = (
        f'<rect x="56" y="112" width="288" height="216" rx="34" fill="#f4f5f7"/>'
        f'<rect x="72" y="128" width="256" height="184" rx="24" fill="{paint.light}"/>'
        '<path d="M92 128h60L84 250v-98z" fill="#fff" fill-opacity=".35"/>'
    )
    return Pack(shape, (188, 244, 140, 66), 130)


def _draw_tube(paint: Paint) -> Pack:
    shape = (
        f'<path d="M118 62h164l-16 232H134z" fill="{paint.main}"/><rect x="112" y="50" width="176" height="22" rx="3" '
        f'fill="{paint.dark}"/><path d="M146 294h108l-8 24H154z" fill="{paint.light}"/>'
        f'<rect x="150" y="314" width="100" height="40" rx="8" fill="{paint.lid}"/>'
    )
    return Pack(shape, (144, 92, 112, 184), 84)


def _draw_jug(paint: Paint) -> Pack:
    shape = (
        f'<rect x="140" y="46" width="64" height="40" rx="8" fill="{paint.lid}"/>'
        f'<path d="M148 86h48c10 26 36 22 70 34 30 10 34 34 34 60v136a36 36 0 0 1-36 36H136a36 36 0 0 1-36-36V176'
        f'c0-46 44-46 48-90z" fill="{paint.main}"/><path d="M228 146c34 0 44 10 44 40v44h-22v-36c0-16-8-20-26-22z" '
        f'fill="{paint.dark}"/>'
    )
    return Pack(shape, (120, 190, 122, 146), 80)


def _draw_roll(paint: Paint) -> Pack:
    shape = f'<rect x="84" y="92" width="232" height="256" rx="28" fill="{paint.light}"/>' + "".join(
        f'<ellipse cx="{x}" cy="{y}" rx="46" ry="34" fill="#fff"/><ellipse cx="{x}" cy="{y}" rx="14" ry="10" '
        f'fill="{paint.dark}" fill-opacity=".35"/>'
        for x in (142, 258)
        for y in (132, 308)
    )
    return Pack(shape, (104, 166, 192, 108), 76)


_DRAWERS: dict[str, Callable[[Paint], Pack]] = {
    "box": _draw_box,
    "can": _draw_can,
    "bottle": _draw_bottle,
    "wine": _draw_wine,
    "jar": _draw_jar,
    "carton": _draw_carton,
    "tub": _draw_tub,
    "bag": _draw_bag,
    "tray": _draw_tray,
    "tube": _draw_tube,
    "jug": _draw_jug,
    "roll": _draw_roll,
}


def draw_pack(name: str, paint: Paint) -> Pack:
    """Draw a pack by its name."""
    return _DRAWERS[name](paint)
