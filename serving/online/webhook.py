"""Webhook that MLflow calls when an alias moves: triggers a check at once. Polling covers lost calls.

The call decides nothing: the watcher asks MLflow itself. What it tells goes to the audit log, so that moves between two
looks are there too, in the order in which MLflow sent them; it is signed, and a delivery is written once.
"""

import base64
import fcntl
import hashlib
import hmac
import json
import logging
import secrets
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

from sqlalchemy.exc import SQLAlchemyError
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from training.registry.client import Registry
from training.registry.errors import RegistryError
from training.registry.installation import read_installation

NAME = "model-server"
MOUNT, ROUTE = "/hooks", "/mlflow"
PATH = MOUNT + ROUTE
SIGNATURE, TIMESTAMP, DELIVERY = "x-mlflow-signature", "x-mlflow-timestamp", "x-mlflow-delivery-id"
MAX_AGE_SECONDS = 300
MAX_BYTES = 64 * 1024
RETRY_SECONDS = 60.0
SECRET_FILE = "webhook.secret"  # noqa: S105  # the file's name
LOCK_FILE = "webhook.lock"

logger = logging.getLogger(__name__)


def ensure_secret(folder: Path) -> str:
    """Read the secret that MLflow signs with; draw it the first time, for its owner's eyes only (mode 0600).

    It appears whole, and of several workers that draw one the first wins.
    """
    path, part = folder / SECRET_FILE, folder / f".{SECRET_FILE}-{uuid4().hex}"
    folder.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        part.touch(mode=0o600)
        part.write_text(secrets.token_urlsafe(32), encoding="utf-8")
        try:
            path.hardlink_to(part)
        except FileExistsError:
            logger.debug("another worker drew the secret")
        finally:
            part.unlink()
    return path.read_text(encoding="utf-8")


def ask_for_calls(registry: Registry, var_dir: Path, url: str, secret: str) -> threading.Thread:
    """Register the webhook in the background, again and again until MLflow answers.

    Args:
        registry: MLflow; another installation's is left alone.
        var_dir: folder of this installation, with its id.
        url: of the receiver, as MLflow reaches it.
        secret: shared with MLflow.
    """

    def ask() -> None:
        while True:
            try:
                registry.require_own(read_installation(var_dir))
                with (var_dir / LOCK_FILE).open("w") as lock:
                    fcntl.flock(lock, fcntl.LOCK_EX)  # two workers at once would register two
                    registry.ensure_webhook(NAME, url, secret)
            except RegistryError as err:
                logger.info("no webhook yet, polling alone reason=%s", err)
                time.sleep(RETRY_SECONDS)
            else:
                return

    thread = threading.Thread(target=ask, name="webhook-registration", daemon=True)
    thread.start()
    return thread


def is_genuine(secret: str, headers: Mapping[str, str], body: bytes, now: float) -> bool:
    """Return whether a call was signed with the secret, and lately.

    Args:
        secret: shared with MLflow.
        headers: of the call, names in lower case.
        body: as it came.
        now: seconds since 1970.
    """
    delivery, timestamp = headers.get(DELIVERY, ""), headers.get(TIMESTAMP, "")
    if not timestamp.isdecimal() or abs(now - int(timestamp)) > MAX_AGE_SECONDS:
        return False
    signed = f"{delivery}.{timestamp}.".encode() + body
    digest = hmac.new(secret.encode(), signed, hashlib.sha256).digest()
    expected = f"v1,{base64.b64encode(digest).decode()}"
    return hmac.compare_digest(headers.get(SIGNATURE, "").encode(), expected.encode())


@dataclass(frozen=True)
class AliasEvent:
    """What MLflow tells of an alias.

    Attributes:
        delivery: id of the call, the same at each repetition.
        sent_at: when MLflow first sent it, by its own clock; not after it came.
        model_name: whose alias it is.
        alias: its name.
        version: that it names now; `None` where it was taken away.
    """

    delivery: str
    sent_at: datetime
    model_name: str
    alias: str
    version: int | None


def parse_event(delivery: str, body: bytes, came_at: datetime) -> AliasEvent | None:
    """Read the body of a call; `None` if it tells of no alias."""
    try:
        told = json.loads(body)
        data, has_gone = told["data"], told["action"] == "deleted"
        version = None if has_gone else int(data["version"])
        sent_at = min(datetime.fromisoformat(told["timestamp"]).astimezone(UTC), came_at)
        return AliasEvent(delivery, sent_at, str(data["name"]), str(data["alias"]), version)
    except (ValueError, KeyError, TypeError):
        return None


def make_receiver(
    secret: str, look_now: Callable[[], None], note: Callable[[AliasEvent], None] = lambda _: None
) -> Starlette:
    """Make the application that receives the calls.

    Args:
        secret: shared with MLflow.
        look_now: called after each genuine call; must return at once.
        note: called with what was told, in a thread of its own; what it raises makes MLflow call again.
    """

    async def receive(request: Request) -> Response:
        body = b""
        async for chunk in request.stream():
            body += chunk
            if len(body) > MAX_BYTES:
                return Response(status_code=413)
        if not is_genuine(secret, request.headers, body, time.time()):
            return Response(status_code=401)
        look_now()
        if event := parse_event(request.headers[DELIVERY], body, datetime.now(UTC)):
            try:
                await run_in_threadpool(note, event)
            except (RegistryError, SQLAlchemyError) as err:
                logger.warning("move not noted, the next look does reason=%s", type(err).__name__)
                return Response(status_code=503)
        return Response(status_code=204)

    return Starlette(routes=[Route(ROUTE, receive, methods=["POST"])])
