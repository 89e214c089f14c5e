"""A comparison of two versions on real shoppers: who sees whose lists. The same shopper always sees the same arm's."""

import hashlib
from dataclasses import dataclass

from shop.tables import HOME, name_pointer

CHAMPION = "champion"


@dataclass(frozen=True)
class Comparison:
    """The champion against a second alias. Off while the alias is empty.

    Attributes:
        alias: the second alias, whose lists are published too.
        share: share of the shoppers who see its lists, above 0 and below 1.
    """

    alias: str = ""
    share: float = 0.5

    def assign(self, user_id: int | None) -> str | None:
        """Give the arm of a shopper; `None` when nothing is compared or nobody is logged in."""
        if not self.alias or user_id is None:
            return None
        digest = hashlib.sha256(f"{self.alias}:{user_id}".encode()).digest()
        place = int.from_bytes(digest[:8], "big") / 2**64
        return self.alias if place < self.share else CHAMPION


def pointer_of(arm: str | None) -> str:
    """Name the pointer that an arm's shoppers follow."""
    return HOME if arm in (None, CHAMPION) else name_pointer(str(arm))
