"""A program that writes to a shop at random, as shops are written to: for the property test of the sync."""

import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError

Operation = Callable[["RandomWriter"], list[str]]


@dataclass
class RandomWriter(threading.Thread):
    """Runs random transactions from its seed; two writers use disjoint new ids.

    Attributes:
        engine: connections to the shop.
        rng: decides everything.
        number: 0 or 1, which of the two writers.
        is_stamped: every change moves `updated_at`, as a shop's should.
        has_ties: rows may share the instant `tie`.
        tie: an instant, in SQL.
        stays_open: the last transaction is kept open until `let_commit` is called.
    """

    engine: Engine
    rng: random.Random
    number: int
    is_stamped: bool
    has_ties: bool
    tie: str
    stays_open: bool
    _gate: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        super().__init__(daemon=True)

    __hash__ = threading.Thread.__hash__

    def run(self) -> None:
        with self.engine.connect() as connection:
            for _ in range(self.rng.randint(2, 6)):
                self._transact(connection, wait=False)
            if self.stays_open:
                self._transact(connection, wait=True)

    def let_commit(self) -> None:
        """Let a transaction that stays open end."""
        self._gate.set()

    def new_key(self) -> int:
        """Draw a key that may exist, may have been deleted, or never was."""
        return 2 * self.rng.randint(0, 60) + self.number

    def known_key(self, column: str, table: str) -> str:
        """Write a subquery for some existing row."""
        return (
            f"(SELECT k FROM (SELECT {column} AS k FROM {table} ORDER BY RAND({self.rng.randint(0, 99)}) LIMIT 1) AS x)"
        )

    def _transact(self, connection: Connection, *, wait: bool) -> None:
        try:
            for _ in range(self.rng.randint(1, 4)):
                for statement in self._choose()(self):
                    connection.exec_driver_sql(statement)
            time.sleep(self.rng.random() * 0.01)
            if wait:
                self._gate.wait(30)
            connection.rollback() if self.rng.random() < 0.1 else connection.commit()
        except DBAPIError:  # a key taken, a row gone, a deadlock: the shop refuses, the writer goes on
            connection.rollback()

    def _choose(self) -> Operation:
        operations = [
            insert_user,
            insert_order,
            change_status,
            change_price,
            forget_user,
            delete_order,
            change_key,
            review,
            load_old,
        ]
        operations += [use_tie] if self.has_ties else []
        operations += [change_unstamped, date_in_future] if not self.is_stamped else []
        return self.rng.choice(operations)


def insert_user(writer: RandomWriter) -> list[str]:
    return [f"INSERT INTO users (user_id, nickname) VALUES ({writer.new_key()}, 'n{writer.rng.random()}')"]


def insert_order(writer: RandomWriter) -> list[str]:
    order = 1000 + writer.new_key()
    items = [
        f"INSERT INTO order_items (order_item_id, order_id, product_id, quantity, unit_price) "
        f"VALUES ({1000 * order + line}, {order}, {writer.known_key('product_id', 'products')}, "
        f"{writer.rng.choice([line + 1, -1])}, 1.25)"
        for line in range(writer.rng.randint(1, 8))
    ]
    user = writer.known_key("user_id", "users") if writer.rng.random() < 0.7 else "NULL"
    columns = "order_id, user_id, ordered_at, total_amount"
    return [f"INSERT INTO orders ({columns}) VALUES ({order}, {user}, NOW(6), 9.99)", *items]


def change_status(writer: RandomWriter) -> list[str]:
    status = writer.rng.choice(["paid", "shipped", "delivered", "cancelled"])
    return [f"UPDATE orders SET status = '{status}' WHERE order_id = {writer.known_key('order_id', 'orders')}"]


def forget_user(writer: RandomWriter) -> list[str]:
    """Let an order be a guest's."""
    return [f"UPDATE orders SET user_id = NULL WHERE order_id = {writer.known_key('order_id', 'orders')}"]


def change_price(writer: RandomWriter) -> list[str]:
    price, family = writer.rng.randint(1, 9999) / 100, writer.rng.choice(["NULL", 1, 2])
    product = writer.known_key("product_id", "products")
    return [f"UPDATE products SET price = {price}, family_id = {family} WHERE product_id = {product}"]


def delete_order(writer: RandomWriter) -> list[str]:
    return [f"DELETE FROM orders WHERE order_id >= 1000 AND order_id = {writer.known_key('order_id', 'orders')}"]


def change_key(writer: RandomWriter) -> list[str]:
    key = writer.known_key("order_item_id", "order_items")
    return [f"UPDATE order_items SET order_item_id = {9_000_000 + writer.new_key()} WHERE order_item_id = {key}"]


def review(writer: RandomWriter) -> list[str]:
    key, user = writer.new_key(), writer.known_key("user_id", "users")
    values = f"{key}, 1, {user}, {writer.rng.randint(1, 5)}, 'r\"\\n{key}'"
    return [
        f"DELETE FROM product_reviews WHERE review_id = {key}",
        f"INSERT INTO product_reviews (review_id, product_id, user_id, rating, body) VALUES ({values})",
    ][: writer.rng.randint(1, 2)]


def load_old(writer: RandomWriter) -> list[str]:
    columns = "user_id, nickname, created_at, updated_at"
    old = f"'2025-06-01' + INTERVAL {writer.rng.randint(0, 10**9)} MICROSECOND"
    return [f"INSERT INTO users ({columns}) VALUES ({500 + writer.new_key()}, 'loaded', {old}, {old})"]


def use_tie(writer: RandomWriter) -> list[str]:
    change = f"quantity = {writer.rng.randint(1, 99)}, updated_at = {writer.tie}"
    return [f"UPDATE order_items SET {change} WHERE order_item_id MOD 3 = {writer.rng.randint(0, 2)}"]


def change_unstamped(writer: RandomWriter) -> list[str]:
    change = f"stock = {writer.rng.randint(0, 99)}, updated_at = updated_at"
    return [f"UPDATE products SET {change} WHERE product_id = {writer.known_key('product_id', 'products')}"]


def date_in_future(writer: RandomWriter) -> list[str]:
    change = f"nickname = 'f{writer.rng.random()}', updated_at = '2099-01-01'"
    return [f"UPDATE users SET {change} WHERE user_id = {writer.known_key('user_id', 'users')}"]
