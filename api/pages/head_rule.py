"""Rule of the head: of the first slots, one category and earlier purchases may have a share each.

What exceeds a share waits and comes before the rest once the head is complete, so that a page never has holes. Where
nothing else can be sold, the share of earlier purchases is given up first, then that of the categories.
"""

from math import ceil, floor

from api.queries.ranked_list import BOUGHT_BEFORE

LEAST_OF_CATEGORY = 2
"""A category may have this many slots on the shortest page, where a share of the slots would be less than two."""

ROUNDING = 1e-9
"""Of products of floats, which must not decide over a slot."""


class HeadRule:
    """Counts what the head holds, and says what it takes more of."""

    def __init__(self, slots: int, category_share: float, repeat_share: float):
        """Begin an empty head.

        Args:
            slots: of the head.
            category_share: most of them that one category may have, above 0 and at most 1.
            repeat_share: most of them that earlier purchases may have, at most 1.
        """
        self._most_of_category = max(LEAST_OF_CATEGORY, floor(category_share * slots + ROUNDING))
        self._most_repeats = ceil(repeat_share * slots - ROUNDING)
        self._slots = slots
        self._in_category: dict[int, int] = {}
        self._num_repeats = 0
        self.full_categories: set[int] = set()
        """Of which the head takes no more."""
        self.is_full_of_repeats = self._most_repeats <= 0
        """Whether it takes no more earlier purchases."""

    def takes(self, category_id: int, reason: str) -> bool:
        """Return whether the head has room for a product.

        Args:
            category_id: of the product.
            reason: why it was ranked.
        """
        return category_id not in self.full_categories and not (self.is_full_of_repeats and reason == BOUGHT_BEFORE)

    def count(self, category_id: int, reason: str) -> None:
        """Note a product that the head holds."""
        self._in_category[category_id] = number = self._in_category.get(category_id, 0) + 1
        if number >= self._most_of_category:
            self.full_categories.add(category_id)
        if reason == BOUGHT_BEFORE:
            self._num_repeats += 1
            self.is_full_of_repeats = self._num_repeats >= self._most_repeats

    def take_all_repeats(self) -> None:
        """Give up the share of earlier purchases."""
        self._most_repeats = self._slots
        self.is_full_of_repeats = self._num_repeats >= self._most_repeats

    def fork(self, spare: int) -> "HeadRule":
        """Return a copy that counts on its own.

        Args:
            spare: products beyond the shares that it lets in.
        """
        other = HeadRule.__new__(HeadRule)  # written out: this is done for each page, and copying in general is slow
        other._slots, other._num_repeats = self._slots, self._num_repeats
        other._most_of_category = most = self._most_of_category + spare
        other._most_repeats = self._most_repeats + spare
        other._in_category = self._in_category.copy()
        other.full_categories = {category for category, number in self._in_category.items() if number >= most}
        other.is_full_of_repeats = self._num_repeats >= other._most_repeats
        return other
