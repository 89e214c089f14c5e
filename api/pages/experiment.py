"""A/B test of two versions on real shoppers: assigns each shopper to a variant, always the same one."""

import hashlib
from dataclasses import dataclass

from shop.tables import HOME, name_pointer

CHAMPION = "champion"


@dataclass(frozen=True)
class Experiment:
    """The champion against a second alias. Off while the alias is empty.

    Attributes:
        alias: the second alias, whose lists are published too.
        share: share of the shoppers who see its lists, above 0 and below 1.
    """

    alias: str = ""
    share: float = 0.5

    def assign(self, user_id: int | None) -> str | None:
        """Return the variant of a shopper; `None` without an experiment or a login."""
        if not self.alias or user_id is None:
            return None
        digest = hashlib.sha256(f"{self.alias}:{user_id}".encode()).digest()
        place = int.from_bytes(digest[:8], "big") / 2**64
        return self.alias if place < self.share else CHAMPION


def pointer_of(variant: str | None) -> str:
    """Name the pointer that a variant's shoppers follow."""
    return HOME if variant in (None, CHAMPION) else name_pointer(str(variant))
