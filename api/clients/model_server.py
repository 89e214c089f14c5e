"""HTTP client of the model server: hard deadline, circuit breaker, answers validated before use."""

import asyncio
import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeVar

import httpx
from pydantic import BaseModel, TypeAdapter, ValidationError

from api.db.breaker import CircuitBreaker
from api.queries.purchases import UnrankedLine
from api.queries.ranked_list import Entry, StoredEntry, keep_usable

LIST_LENGTH = 100
MOST_LISTED = 200
TIMEOUT_HEADER = "x-timeout-ms"
"""Tells the model server how long the answer is waited for; afterwards it is not computed."""
MOST_CHARACTERS = 300
"""Of the model server's own words."""

Answer = TypeVar("Answer")

logger = logging.getLogger(__name__)


class _UserList(BaseModel):
    user_id: int
    products: list[dict[str, Any]]


class _Answer(BaseModel):
    model_version: int
    recommendations: list[_UserList]


class _CartAnswer(BaseModel):
    model_version: int
    products: list[dict[str, Any]]


class _Reranking(BaseModel):
    model_version: int
    batch_id: str
    products: list[dict[str, Any]]


class _Status(BaseModel):
    failure: str | None = None


_ANSWER = TypeAdapter(_Answer)
_CART_ANSWER = TypeAdapter(_CartAnswer)
_RERANKING = TypeAdapter(_Reranking)
_STATUS = TypeAdapter(_Status)


@dataclass(frozen=True)
class ModelList:
    """What the model server ranked for one user, and the version that did."""

    model_version: str
    entries: list[Entry]


@dataclass(frozen=True)
class CartList(ModelList):
    """What the model server ranked for a cart; `goes_with` names the product of the cart that says so most, if any."""

    goes_with: dict[int, int]


@dataclass(frozen=True)
class RerankedList(ModelList):
    """A list that the model server ranked again, and the batch that its version and its snapshot make."""

    batch_id: str


class Trouble(NamedTuple):
    """What is wrong with the model server, and whether it ranks all the same."""

    problem: str
    is_serving: bool


class ModelServerClient:
    """Asks the model server to rank for a user whom the published batch lacks, and for a cart."""

    def __init__(self, client: httpx.AsyncClient, deadline_seconds: float):
        """Use a client whose `base_url` is the model server.

        Args:
            client: owned by the caller, who closes it.
            deadline_seconds: longest wait for a whole answer.
        """
        self._client = client
        self._deadline_seconds = deadline_seconds
        self._headers = {TIMEOUT_HEADER: str(max(1, int(deadline_seconds * 1000)))}
        self._refused: set[tuple[str, int]] = set()
        self._trial: asyncio.Task[Any] | None = None
        self.breaker = CircuitBreaker()

    async def rank(self, user_id: int) -> ModelList | None:
        """Ask for a user's list; `None` when there is none to be had in time, or the model does not know the user.

        While the circuit is open, one call in each pause tries the model server, and no shopper waits for it.
        """
        answer = await self._try("/recommend", {"user_ids": [user_id], "k": LIST_LENGTH}, _ANSWER)
        lists = {} if answer is None else {each.user_id: each.products for each in answer.recommendations}
        if answer is None or user_id not in lists:
            return None
        return ModelList(str(answer.model_version), _to_entries(lists[user_id]))

    async def rank_cart(self, user_id: int | None, product_ids: Sequence[int]) -> CartList | None:
        """Ask what goes with a cart; `None` when nothing is to be had in time. The circuit is that of `rank`.

        Args:
            user_id: the shopper; `None` when logged out.
            product_ids: what is in the cart.
        """
        cart = {"user_id": user_id, "product_ids": list(product_ids), "k": LIST_LENGTH}
        answer = await self._try("/recommend_cart", cart, _CART_ANSWER)
        if answer is None:
            return None
        in_cart = set(product_ids)
        goes_with = {
            item["product_id"]: item["goes_with"]
            for item in answer.products
            if item.get("goes_with") in in_cart and type(item.get("product_id")) is int
        }
        items = [{"reason": "bought_together", **item} for item in answer.products]
        return CartList(str(answer.model_version), _to_entries(items), goes_with)

    async def rank_again(
        self, user_id: int, since: Sequence[UnrankedLine], listed: Sequence[StoredEntry]
    ) -> RerankedList | None:
        """Ask for a user's list by what was ordered since; `None` when none is to be had in time. One circuit for all.

        Args:
            user_id: the user.
            since: lines of the user's orders.
            listed: the user's published list; its reasons hold on for what was not bought. Empty for a user without.
        """
        reasons = {entry[0]: entry[3] for entry in listed[:MOST_LISTED]}
        body = {"user_id": user_id, "since": [line.write() for line in since], "product_ids": [*reasons]}
        answer = await self._try("/recommend_again", body, _RERANKING)
        if answer is None or not answer.products:
            return None
        items = [
            item | {"reason": item.get("reason") or reasons.get(item.get("product_id"))} for item in answer.products
        ]
        return RerankedList(str(answer.model_version), _to_entries(items), answer.batch_id)

    async def _try(self, path: str, body: Mapping[str, Any], expected: TypeAdapter[Answer]) -> Answer | None:
        """Ask unless the circuit is open; a trial's answer is not waited for."""
        if not self.breaker.is_open:
            return await self._ask(path, body, expected)
        if self.breaker.allows():
            self._trial = asyncio.create_task(self._ask(path, body, expected))
        return None

    async def _ask(self, path: str, body: Mapping[str, Any], expected: TypeAdapter[Answer]) -> Answer | None:
        """Ask once. A server that answers and refuses the question, such as one of an earlier release, is well."""
        try:
            async with asyncio.timeout(self._deadline_seconds):
                response = await self._client.post(path, json=body, headers=self._headers)
            if response.is_client_error:
                self._note_refusal(path, response.status_code)
                return None
            response.raise_for_status()
            answer = expected.validate_json(response.content)
        except (TimeoutError, httpx.HTTPError, ValidationError) as err:
            self._fail(err)
            return None
        self.breaker.succeed()
        return answer

    async def find_trouble(self, timeout_seconds: float) -> Trouble | None:
        """Ask the model server how it is.

        Returns:
            What is wrong: that it does not answer, or what keeps it from serving the version that it should, in its own
            words; `None` when all is well.
        """
        try:
            async with asyncio.timeout(timeout_seconds):
                ready = await self._client.get("/readyz")
                status = await self._client.post("/status", json={})
            failure = _STATUS.validate_json(status.content).failure if status.is_success else None
        except TimeoutError:
            return Trouble(f"no answer within {timeout_seconds:g} s", is_serving=False)
        except (httpx.HTTPError, ValidationError) as err:
            return Trouble(f"fails with {type(err).__name__}", is_serving=False)
        refusal = None if ready.is_success else f"/readyz answers {ready.status_code}"
        problem = ": ".join(filter(None, (refusal, failure and failure[:MOST_CHARACTERS])))
        return Trouble(problem, is_serving=ready.is_success) if problem else None

    def _note_refusal(self, path: str, status: int) -> None:
        """Log once what the server does not take."""
        if (path, status) not in self._refused:
            self._refused.add((path, status))
            logger.warning("model server refuses a question path=%s status=%s", path, status)

    def _fail(self, error: Exception) -> None:
        """Note a failure, by the kind of error: what the other side sent stays out of answers and logs."""
        was_open = self.breaker.is_open
        is_late = isinstance(error, TimeoutError | httpx.TimeoutException)
        reason = f"no answer within {self._deadline_seconds:g} s" if is_late else f"fails with {type(error).__name__}"
        self.breaker.fail(reason)
        if not was_open:
            logger.warning("model server failed reason=%r is_open=%s", reason, self.breaker.is_open)


def _to_entries(items: Iterable[Mapping[str, Any]]) -> list[Entry]:
    """Read products as the model server gives them; what is none is left out and counted."""
    return [Entry._make(item) for item in keep_usable([[item.get(name) for name in Entry._fields] for item in items])]
