"""A steady stream of shoppers on a running installation's homepage, with the version and batch that each page names."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field

import httpx

THREADS = 4


@dataclass
class Pages:
    """What came back. Threads append; nothing is read before they have ended.

    Attributes:
        seconds: of each page.
        failed: answers other than a page with products.
        mixed: pages that name a version and another version's batch.
    """

    seconds: list[float] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    mixed: int = 0

    def note(self, answer: httpx.Response, seconds: float) -> None:
        """Count one page."""
        self.seconds.append(seconds)
        if answer.status_code != httpx.codes.OK or not answer.json()["recommendations"]:
            self.failed.append(f"{answer.status_code} {answer.text[:200]}")
            return
        self.mixed += f"-v{answer.headers.get('x-model-version')}-" not in answer.headers.get("x-batch-id", "")

    def percentile_ms(self, share: float) -> float:
        """Return the time that so many of the pages took at most, in milliseconds."""
        ordered = sorted(self.seconds)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))] * 1000


@contextmanager
def shoppers(api_url: str, user_ids: list[int], rate: float) -> Iterator[Pages]:
    """Ask for homepages during the block.

    Args:
        api_url: of the API.
        user_ids: shoppers who have lists, one after the other.
        rate: pages a second, whatever they take.
    """
    pages, over = Pages(), threading.Event()
    began = time.perf_counter()

    def ask_on(first: int) -> None:
        with httpx.Client(base_url=api_url, timeout=30) as client:
            for number in range(first, 10**9, THREADS):
                if over.wait(max(0.0, began + number / rate - time.perf_counter())):
                    return
                asked = time.perf_counter()
                query = {"user_id": user_ids[number % len(user_ids)]}
                try:
                    answer = client.get("/recommendations/home", params=query)
                except httpx.HTTPError as err:
                    pages.failed.append(type(err).__name__)
                else:
                    pages.note(answer, time.perf_counter() - asked)

    with ThreadPoolExecutor(THREADS) as pool:
        asking = [pool.submit(ask_on, first) for first in range(THREADS)]
        try:
            yield pages
        finally:
            over.set()
    for one in asking:
        one.result()
