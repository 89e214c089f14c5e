"""A small published shop behind a real API, which a test can stop and start again."""

import os
import subprocess
import sys
import time
from collections import Counter, defaultdict
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import httpx
from sqlalchemy import select

from settings import Settings
from shop.database import open_engine, session_scope
from shop.loaders.synthetic.build import SyntheticShape, build_synthetic_shop
from shop.loaders.writing import write_shop
from shop.tables import (
    BatchPointer,
    Coupon,
    Event,
    Order,
    OrderItem,
    PopularList,
    Product,
    Recommendation,
    RecommendationBatch,
    UserCoupon,
)

ROOT = Path(__file__).parents[2]
LIMIT_SECONDS = 120
BATCH = "20260131T000000Z-v7"
LIST_LENGTH = 60
TOKEN_KEY = "only-for-this-test-0123456789-0123456789"
PRODUCTION = {"ENVIRONMENT": "production", "API_TOKEN_KEY": TOKEN_KEY, "DEMO_SHOPPERS": "false"}


class RunningShop:
    """A shop's database and the API over it, on ports of their own."""

    def __init__(self, settings: Settings, app: str = "patient_api", **variables: str):
        """Take the settings, the module of the API's application, and what its environment has besides."""
        self.settings = settings
        self._app, self._variables = app, variables
        self.url = f"http://127.0.0.1:{settings.api_port}"
        self._engine = open_engine(settings.shop_database_url)
        self._platform = open_engine(settings.platform_database_url)
        self._api: subprocess.Popen[bytes] | None = None

    def fill(self) -> None:
        """Write a synthetic shop whose last day was yesterday, and publish a list for every user."""
        yesterday = datetime.now(UTC).date() - timedelta(days=1)
        shape = SyntheticShape(num_users=60, num_products=120, num_orders=900)
        rows = build_synthetic_shop(shape, seed=7, end_date=yesterday)
        write_shop(self._engine, rows, replace=False, report=str, platform=self._platform)
        self._publish(yesterday)

    def start_api(self) -> None:
        """Start the API and wait until it serves the pages."""
        own = {"VAR_DIR": str(self.settings.var_dir), "API_PORT": str(self.settings.api_port), **self._variables}
        command = [sys.executable, "-m", "uvicorn", f"tests.frontend.{self._app}:app", "--log-level", "warning"]
        port = ["--port", str(self.settings.api_port)]
        self._api = subprocess.Popen([*command, *port], cwd=ROOT, env={**os.environ, **own})
        deadline = time.monotonic() + LIMIT_SECONDS
        while not self._answers():
            assert time.monotonic() < deadline, "the API did not start"
            time.sleep(0.2)

    def stop_api(self) -> None:
        """Kill the API, if it runs."""
        if self._api is not None:
            self._api.kill()
            self._api.wait(LIMIT_SECONDS)
            self._api = None

    def close(self) -> None:
        """Stop everything."""
        self.stop_api()
        self._engine.dispose()
        self._platform.dispose()

    def recommended(self, user_id: int) -> list[int]:
        """Ask the API what a user's homepage shows, row by row."""
        answer = httpx.get(f"{self.url}/recommendations/shelves", params={"user_id": user_id}, timeout=30).json()
        return [product["product_id"] for shelf in answer["shelves"] for product in shelf["products"]]

    def find_never_bought(self, user_id: int) -> int:
        """Find a product of a user's homepage that the user never bought: an order takes it off the page."""
        bought = select(OrderItem.product_id).join(Order, Order.order_id == OrderItem.order_id)
        with session_scope(self._engine) as session:
            known = set(session.scalars(bought.where(Order.user_id == user_id)))
        return next(product for product in self.recommended(user_id) if product not in known)

    def give_coupon(self, user_id: int, product_id: int, percent: int) -> None:
        """Put a coupon for one product into a user's hands."""
        now, day = datetime.now(UTC), timedelta(days=1)
        dates = {"valid_from": now - day, "valid_until": now + day}
        kind = {"discount_type": "percent", "discount_value": percent, "product_id": product_id}
        with session_scope(self._engine) as session:
            coupon = Coupon(
                code=f"GIVEN-{user_id}",
                name="For narrow phones and coupons of long names",
                **kind,
                **dates,
            )
            session.add(coupon)
            session.flush()
            session.add(UserCoupon(user_id=user_id, coupon_id=coupon.coupon_id, issued_at=now - day))

    def events(self, user_id: int) -> list[Event]:
        """Read what was told about a user."""
        with session_scope(self._platform) as session:
            events = list(session.scalars(select(Event).where(Event.user_id == user_id).order_by(Event.event_id)))
            session.expunge_all()
        return events

    def _answers(self) -> bool:
        try:
            return httpx.get(self.url, timeout=5).is_success
        except httpx.HTTPError:
            return False

    def _publish(self, as_of: date) -> None:
        """Publish what each user buys most, then what all do, as serving would leave it."""
        with session_scope(self._engine) as shop, session_scope(self._platform) as session:
            lines = shop.execute(
                select(Order.user_id, OrderItem.product_id).join(OrderItem, Order.order_id == OrderItem.order_id)
            )
            category_of = dict(shop.execute(select(Product.product_id, Product.category_id)).all())
            habits: dict[int, Counter[int]] = defaultdict(Counter)
            for user_id, product_id in lines:
                habits[user_id][product_id] += 1
            popular = [product for product, _ in sum(habits.values(), Counter()).most_common()]
            batch = RecommendationBatch(
                batch_id=BATCH,
                epoch=1,
                as_of=datetime(as_of.year, as_of.month, as_of.day, tzinfo=UTC),
                model_version="7",
                alias="champion",
                state="published",
            )
            session.add(batch)
            session.flush()
            for user_id, bought in habits.items():
                own = [product for product, _ in bought.most_common(10)]
                ranked = [[p, category_of[p], 0.9, "bought_before"] for p in own]
                ranked += [[p, category_of[p], 0.5, "popular"] for p in popular if p not in own]
                session.add(Recommendation(batch_id=BATCH, user_id=user_id, products=ranked[:LIST_LENGTH]))
            entries = [[p, category_of[p], 0.5, "popular"] for p in popular]
            session.add(PopularList(batch_id=BATCH, scope="global", category_id=0, products=entries))
            session.add(BatchPointer(name="home", batch_id=BATCH, epoch=1, moved_at=datetime.now(UTC)))
