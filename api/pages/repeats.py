"""Share of a page that earlier purchases may have, fitted to the shopper."""

from collections.abc import Iterable

from api.pages.ladder import HEAD_SLOTS
from api.queries.ranked_list import BOUGHT_BEFORE, StoredEntry


def fit_repeat_share(listed: Iterable[StoredEntry], most: float, new_weight: float) -> float:
    """Return the share of earlier purchases among the shopper's best products, where what is new counts more.

    Of the ways to fit it, the study docs/experiments/repeats-and-discovery.md found this one to lose least.

    Args:
        listed: what was ranked for the shopper, as it is stored; one that is not all entries tells nothing.
        most: what the shop lets it be at most.
        new_weight: how many earlier purchases a first one is worth.
    """
    try:
        weighed = [
            (score, True) if reason == BOUGHT_BEFORE else (new_weight * score, False) for _, _, score, reason in listed
        ]
        head = sorted(weighed, reverse=True)[:HEAD_SLOTS]
    except (TypeError, ValueError):
        return most
    return min(most, sum(is_repeat for _, is_repeat in head) / len(head)) if head else most
