"""Writes docs/how-it-works/features.md from `definitions.py`: `make docs`. A test holds the two together."""

import sys
from pathlib import Path

from command import write_made_file
from features.definitions import CROSSES, EVIDENCE, FAR_DAYS, Cross, Entity, EvidenceKind, Feature, list_features

TARGET = Path(__file__).resolve().parent.parent / "docs" / "how-it-works" / "features.md"

HEAD = """\
# Features

<!-- made from features/definitions.py by `make docs`, do not edit by hand -->

What the model sees of a shop as of an instant T: {num_features} features and {num_crosses} crosses, one row each. All
read what happened strictly before T, cancelled orders left out. To change what the model sees, change a row of
`features/definitions.py` and, if its aggregate is `own`, the expression of its name: the window that is computed, the
model's sizes, reasons, this page, and the hash by which a version refuses a snapshot of other features follow from it.

- **window**: `28 d` reads what is younger than 28 days; `half 28 d` reads everything and counts an order of age d days
  0.5^(d / 28).
- **aggregate** over the window: `count` of orders; age of the `first` or `last`; mean `interval`; `buyers` by their
  last and `new_buyers` by their first purchase; `pieces`; `spend`; `discount_share` = discount / value before discount;
  `own` = an expression under the feature's name, in `features/snapshot/` or, for candidates, in
  `features/ranking/pairs.py`.
- **transform**: `log1p` is ln(1 + x), negative values taken as 0. After it every feature is standardised by mean and
  spread of the training rows and held within [-10, 10].
- **if missing**: `zero` = nothing happened, so 0; `far` = never, so {far_days:.0f} days; `floor` = nobody, so the
  lowest likeness; `mean` = not known, so the training mean.
- **evidence** names what a feature of users and products stands on; see the end of the page.
- **crosses** names those that memorise buckets of the feature; they stand at the end of the page.
"""

# What an entity is, and which parts of training/model/wide_deep.py read its features.
ENTITIES: dict[Entity, tuple[str, str]] = {
    "user": (
        "Users",
        "One row a user, with or without orders. Read by the trunk, the deep part that both heads share.",
    ),
    "user_category": (
        "Users and categories",
        "One row a user and category, bought from or not. Read by the trunk, all categories side by side, and by the\n"
        "wide part of the category head.",
    ),
    "product": ("Products", "One row a product, sold or not. Read by the wide and the deep part of the product head."),
    "pair": (
        "Users and products",
        "One row a user and candidate product, bought before or not. Read by the wide and the deep part of the\n"
        "product head.",
    ),
}

FEATURES_HEAD = """\
| feature | meaning | source | window | aggregate | unit | transform | if missing | evidence | crosses |
|---|---|---|---|---|---|---|---|---|---|
"""
CROSSES_HEAD = """
## Crosses

Products of bucketed columns (Cheng et al. 2016), memorised by a wide part with one weight a combination. Features are
cut at quantiles of the training rows; one with many zeros keeps them in a bucket of their own, and missing is a bucket
too. `category_id` and `product_id` are looked up in the version's vocabulary instead. Id 0 is what it does not know.

| cross | wide part of | columns | buckets a feature |
|---|---|---|---|
"""
EVIDENCE_HEAD = """
## Evidence

A reason names the first of these without which the network would score the product lower: what stands on it is taken
away, the pair is scored again (`training/ranking/reasons.py`). Where none made a difference, it is `popular`.

| evidence | meaning | there is some where |
|---|---|---|
"""


def render() -> str:
    """Return the page's text."""
    num_features = sum(len(list_features(entity)) for entity in ENTITIES)
    head = HEAD.format(num_features=num_features, num_crosses=len(CROSSES), far_days=FAR_DAYS)
    sections = [_render_entity(entity) for entity in ENTITIES]
    return head + "".join(sections) + CROSSES_HEAD + "".join(map(_render_cross, CROSSES)) + _render_evidence()


def _render_entity(entity: Entity) -> str:
    title, text = ENTITIES[entity]
    return f"\n## {title}\n\n{text}\n\n{FEATURES_HEAD}" + "".join(map(_render_feature, list_features(entity)))


def _render_feature(feature: Feature) -> str:
    crosses = ", ".join(f"`{cross.name}`" for cross in CROSSES if feature.name in cross.columns)
    cells = [
        f"`{feature.name}`",
        feature.meaning,
        f"`{feature.source}`",
        feature.window,
        feature.aggregate,
        feature.unit,
        feature.transform,
        feature.missing,
        ", ".join(f"`{name}`" for name in feature.evidence),
        crosses,
    ]
    return f"| {' | '.join(cells)} |\n"


def _render_cross(cross: Cross) -> str:
    head = {"user_category": "category head", "pair": "product head"}[cross.entity]
    columns = ", ".join(f"`{column}`" for column in cross.columns)
    return f"| `{cross.name}` | {head} | {columns} | {cross.num_buckets or ''} |\n"


def _render_evidence() -> str:
    return EVIDENCE_HEAD + "".join(map(_render_kind, EVIDENCE))


def _render_kind(kind: EvidenceKind) -> str:
    return f"| `{kind.name}` | {kind.meaning} | `{kind.shown_by}` is above {kind.above:g} |\n"


def main() -> int:
    """Write the page."""
    return write_made_file("features.documentation", __doc__, TARGET, render)


if __name__ == "__main__":
    sys.exit(main())
