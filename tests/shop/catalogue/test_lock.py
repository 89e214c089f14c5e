"""Lock on the copy: one holder at a time on every kind of database, and none that is dead."""

import multiprocessing
import signal
from collections.abc import Iterator
from multiprocessing.synchronize import Event

import pytest
from sqlalchemy import Engine

from shop.catalogue.lock import CopyIsBusyError, hold_copy
from shop.database import open_engine


@pytest.fixture
def copies(any_shop_url: str) -> Iterator[tuple[Engine, Engine]]:
    """Two processes' engines on one database."""
    engines = open_engine(any_shop_url), open_engine(any_shop_url)
    yield engines
    for engine in engines:
        engine.dispose()


def test_a_second_holder_waits_and_then_gives_up(copies: tuple[Engine, Engine]) -> None:
    one, other = copies

    with hold_copy(one), pytest.raises(CopyIsBusyError, match="--keep"), hold_copy(other, wait_seconds=0.5):
        raise AssertionError("both hold it")

    with hold_copy(other, wait_seconds=0):
        pass


def test_a_holder_that_fails_or_dies_lets_go(copies: tuple[Engine, Engine]) -> None:
    one, other = copies
    with pytest.raises(KeyError), hold_copy(one):
        raise KeyError
    context = multiprocessing.get_context("spawn")
    ready = context.Event()
    holder = context.Process(target=hold_for_ever, args=(one.url.render_as_string(hide_password=False), ready))
    holder.start()
    assert ready.wait(60)
    holder.kill()
    holder.join()

    with hold_copy(other, wait_seconds=60):
        pass


def hold_for_ever(url: str, ready: Event) -> None:
    """Hold the copy until killed."""
    with hold_copy(open_engine(url)):
        ready.set()
        signal.pause()
