"""Asks MySQL, Redis and Celery's workers whether they do their work.

Its imports are done before anybody asks: Celery cannot be imported by two threads at once.
"""

from pathlib import Path

import pymysql
import redis
from celery import Celery
from kombu.exceptions import OperationalError

ANSWER_SECONDS = 5.0


def has_database(socket: Path) -> bool:
    """Return whether MySQL lets Airflow's account into its database."""
    try:
        pymysql.connect(
            unix_socket=str(socket), user="airflow", database="airflow", connect_timeout=int(ANSWER_SECONDS)
        ).close()
    except pymysql.err.OperationalError:
        return False
    return True


def has_queue(socket: Path) -> bool:
    """Return whether Redis answers."""
    try:
        with redis.Redis(unix_socket_path=str(socket), socket_timeout=ANSWER_SECONDS) as client:
            return bool(client.ping())
    except redis.RedisError:
        return False


def answers(url: str, name: str) -> bool:
    """Ask one worker, by the way that its tasks come.

    Args:
        url: of Redis, as Celery takes it.
        name: of the worker, such as `celery@worker-1`.
    """
    try:
        with Celery(broker=url) as app:
            return bool(app.control.ping([name], timeout=ANSWER_SECONDS))
    except OperationalError:
        return False
