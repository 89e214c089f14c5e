"""The two databases that a page reads together: the shop's own, and the platform's with what is published."""

import asyncio
from collections.abc import Awaitable
from dataclasses import dataclass
from typing import TypeVar

from api.db.deadline import Deadline
from api.db.reader import DatabaseReader

First = TypeVar("First")
Second = TypeVar("Second")
Result = TypeVar("Result")


@dataclass(frozen=True)
class Databases:
    """A reader of each. An answer that reads both has no more time than one that reads either."""

    shop: DatabaseReader
    platform: DatabaseReader

    async def within_deadline(self, reads: Awaitable[Result]) -> Result:
        """Let several reads together take no longer than one may.

        Raises:
            DatabaseUnavailableError: as `DatabaseReader.read` does.
        """
        if self.shop.is_direct and self.platform.is_direct:  # nothing waits
            return await reads
        try:
            async with Deadline(max(self.shop.deadline_seconds, self.platform.deadline_seconds)):
                return await reads
        except TimeoutError as err:
            self.shop.give_up(err)  # which of the two was slow cannot be told, so that it counts against both
            raise self.platform.give_up(err) from err

    def read_mark(self) -> tuple[int, int] | None:
        """Read what changes whenever anything in either database does; `None` where nothing tells (MySQL).

        Raises:
            DatabaseUnavailableError: a database fails.
        """
        shop, platform = self.shop.read_mark(), self.platform.read_mark()
        return None if shop is None or platform is None else (shop, platform)

    def close(self) -> None:
        """Let go of the connections without waiting for a stuck one."""
        self.shop.close()
        self.platform.close()


async def wait_for_both(first: asyncio.Future[First], second: asyncio.Future[Second]) -> tuple[First, Second]:
    """Wait for two answers that were asked for at the same time; what is there already costs no turn of the loop."""
    if first.done() and second.done():
        return first.result(), second.result()
    return await asyncio.gather(first, second)
