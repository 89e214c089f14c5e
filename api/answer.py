"""A homepage that was put together, and where it comes from."""

from dataclasses import dataclass

from api.ladder import Pick
from api.published import BatchHead

NOBODY = ""
"""Nickname of a shopper without one, logged out or unknown: the seed's field stays a string."""


@dataclass(frozen=True)
class HomeAnswer:
    """A page and where it comes from.

    Attributes:
        nickname: the user's; empty for a shopper whom the shop does not know.
        picks: products, best first.
        head: the batch that the page comes from; `None` when nothing is published.
        model_version: version that ranked the first products; empty when none did.
        arm: the alias whose lists the user sees in a running comparison; `None` outside of one.
        depends_on_time: whether the same shop would give another page a moment later: a coupon ends, a purchase ages.
    """

    nickname: str
    picks: list[Pick]
    head: BatchHead | None
    model_version: str
    arm: str | None = None
    depends_on_time: bool = True

    @property
    def rungs(self) -> str:
        """The rungs used, in order, with commas; `none` for an empty page."""
        return ",".join(dict.fromkeys(pick.rung for pick in self.picks)) or "none"
