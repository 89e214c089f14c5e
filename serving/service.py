"""The model server: `bentoml serve serving.service:Recommender --host 127.0.0.1 --port 8001`.

Ranks users of the newest snapshot with the champion. Answers carry the version; a swap never mixes two.
"""

import gc
import logging

import bentoml
from bentoml.exceptions import ServiceUnavailable
from starlette.types import Receive, Scope, Send

from command import LOG_FORMAT
from features.store import MLStore
from serving.champion import Champion
from serving.online.alias_effects import Followup
from serving.online.answers import answer_cart, answer_categories, answer_lists, answer_reranking
from serving.online.coalescing import RankingQueue
from serving.online.connections import SpreadConnectionsMiddleware
from serving.online.cores import count_cores
from serving.online.deadline import DeadlineMiddleware
from serving.online.reloader import ChampionWatcher
from serving.online.schemas import (
    CartOwner,
    CartProducts,
    CartRanking,
    Id,
    LinesSince,
    ListedProducts,
    ListLength,
    RecommendAnswer,
    Reranking,
    ScoreAnswer,
    StatusAnswer,
    UserIds,
)
from serving.online.sources import Sources
from serving.online.webhook import MOUNT, PATH, ask_for_calls, ensure_secret, make_receiver
from settings import load_settings
from shop.database import open_engine
from training.registry.client import connect

NEW_OBJECTS_BETWEEN_COLLECTIONS = 20_000
"""Lists, dictionaries and the like that a worker makes before the garbage collector looks at them. A list of products
makes hundreds and drops them at once; the interpreter's 700 would have it look several times during each call."""

load_settings()  # A wrong setting ends the server here; from a worker it would only start the next worker.


async def receive_hook(scope: Scope, receive: Receive, send: Send) -> None:
    """Hand a call of MLflow to the service of this worker."""
    await bentoml.get_current_service().receiver(scope, receive, send)


# A worker a core, each of which ranks in one thread: two would only wait for each other, and every answer is later.
@bentoml.asgi_app(receive_hook, path=MOUNT)
@bentoml.service(
    name="31ie-recommender",
    workers=load_settings().serving_workers or count_cores(),
    threads=1,
    traffic={"timeout": 10, "max_concurrency": 64},
    tracing={"excluded_urls": "."},  # of all requests: nobody collects spans, which cost half of a route's time
)
class Recommender:
    """Wide & Deep recommendations for known users."""

    def __init__(self) -> None:
        settings = load_settings()
        logging.basicConfig(format=LOG_FORMAT)
        logging.getLogger("serving").setLevel(logging.INFO)
        registry = connect(settings.mlflow_tracking_uri, settings.model_name)
        secret = ensure_secret(settings.var_dir / "models")
        followup = Followup(registry, open_engine(settings.platform_database_url))
        sources = Sources(registry, MLStore.of(settings), settings.var_dir, followup)
        self._watcher = ChampionWatcher(sources, settings.champion_poll_seconds)
        self._queue = RankingQueue(lambda user_ids, k: answer_lists(self._champion(), user_ids, k))
        self.receiver = make_receiver(secret, self._watcher.look_now, followup.hear)
        self._watcher.start()
        ask_for_calls(registry, settings.var_dir, f"{settings.serving_url}{PATH}", secret)
        # What is loaded now stays for good. Looked through with every few hundred lists, it would delay some by 0.1 s.
        gc.collect()
        gc.freeze()
        gc.set_threshold(NEW_OBJECTS_BETWEEN_COLLECTIONS)

    @bentoml.api
    async def recommend(self, user_ids: UserIds, k: ListLength = 20) -> RecommendAnswer:
        """Rank products for users, best first, each with its score and reason."""
        return await self._queue.rank(user_ids, k)

    @bentoml.api
    async def recommend_cart(
        self, product_ids: CartProducts, user_id: CartOwner = None, k: ListLength = 20
    ) -> CartRanking:
        """Rank what goes with a cart, best first, for a known user or anybody."""
        return await self._queue.call(lambda: answer_cart(self._champion(), user_id, product_ids, k))

    @bentoml.api
    async def recommend_again(self, user_id: Id, since: LinesSince, product_ids: ListedProducts) -> Reranking:
        """Rank a user's list again, by the snapshot and the orders since."""
        return await self._queue.call(lambda: answer_reranking(self._champion(), user_id, since, product_ids))

    @bentoml.api
    def score(self, user_ids: UserIds) -> ScoreAnswer:
        """Return the probability that each user buys from each category within the horizon."""
        return answer_categories(self._champion(), user_ids)

    @bentoml.api
    async def status(self) -> StatusAnswer:
        """Say which version serves, and why a newer one does not."""
        champion = self._watcher.current
        return StatusAnswer(
            model_version=champion and champion.version,
            run_id=champion and champion.named.run_id,
            model=champion and champion.model,
            as_of=champion and champion.as_of,
            refused_version=self._watcher.refused_version,
            failure=self._watcher.trouble,
        )

    def __is_ready__(self) -> bool:
        return self._watcher.current is not None

    @bentoml.on_shutdown
    def stop(self) -> None:
        """End the watcher and the queue with the worker."""
        self._watcher.stop()
        self._queue.close()

    def _champion(self) -> Champion:
        """Read the served version once, for one whole answer."""
        champion = self._watcher.current
        if champion is None:
            raise ServiceUnavailable(f"No version serves yet: {self._watcher.trouble}.")
        return champion


for middleware in (SpreadConnectionsMiddleware, DeadlineMiddleware):
    Recommender.add_asgi_middleware(middleware)  # type: ignore[attr-defined]  # BentoML's decorator
