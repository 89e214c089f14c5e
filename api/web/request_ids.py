"""Request ids: drawn for each request, and signed for each answer, so that an event proves which answer it speaks of.

A signed id is `ID.SIGNATURE`: the instant, and a keyed BLAKE2b hash (RFC 7693) over id, instant, the shopper whom the
answer was made for, and what its headers say of batch, version, rungs and arm. Nothing is written down for it: an event
repeats these values, and every process with the same key can tell whether they belong together. Which of the answer's
products it was, and in which slot, stays the shopper's word.
"""

import hashlib
import re
import secrets
import time
from collections.abc import Iterator
from hmac import compare_digest
from typing import TypeVar

from api.schemas import ShopperEvent, Source
from settings import Settings

ID_LENGTH = 32
LONGEST_ID = 36
"""Characters of an id that a caller gives, such as a UUID: signed, it still fits the 64 of an event's column."""

DRAWN_AT_ONCE = 256
INSTANT_BYTES, HASH_BYTES = 4, 9
SIGNED_ID = re.compile(r"(.+)\.([0-9a-f]{8})[0-9a-f]{18}")
"""An id, the instant in seconds since 1970, and the hash. 72 bits: who guesses has to ask this API about each guess."""

LIFETIME_SECONDS = 7 * 86_400
"""How long an id proves anything: as long as events may be late."""

AHEAD_SECONDS = 300
"""How far the clock of another replica may be ahead."""

UNVERIFIED = "unverified"
"""Stands for the rung of an event that names an answer which was not given to its shopper."""

SHOWN_BY_ANSWER = ("position", "batch_id", "model_version", "arm", "shelf", "place", "propensity")
"""What an event says of its answer besides the id and the rungs."""

Provenance = tuple[bytes, bytes, bytes, bytes]
"""Batch, version, rungs and arm as the headers of an answer have them; empty where they say nothing."""

Reported = TypeVar("Reported", Source, ShopperEvent)


class RequestIds:
    """Draws ids, signs them and verifies them."""

    def __init__(self, key: bytes):
        """Take the key that all processes of an installation share, at most 64 bytes."""
        self._keyed = hashlib.blake2b(key=key, digest_size=HASH_BYTES)
        self._drawn = _draw()

    def draw(self) -> str:
        """Return an id that nobody can guess."""
        return next(self._drawn)

    def sign(self, request_id: str, user_id: int | None, provenance: Provenance, now: float | None = None) -> str:
        """Return the id of an answer with its signature.

        Args:
            request_id: at most `LONGEST_ID` characters.
            user_id: the shopper whom the answer was made for; `None` = anybody.
            provenance: what the answer's headers say.
            now: seconds since 1970; `None` = this moment.
        """
        instant = int(time.time() if now is None else now).to_bytes(INSTANT_BYTES, "big")
        owner = b"" if user_id is None else b"%d" % user_id
        keyed = self._keyed.copy()
        keyed.update(b"\0".join((instant, request_id.encode(), owner, *provenance)))  # no header holds a zero
        return f"{request_id}.{instant.hex()}{keyed.hexdigest()}"

    def is_genuine(self, signed_id: str, user_id: int | None, provenance: Provenance, now: float | None = None) -> bool:
        """Return whether an answer with this id and provenance was given, lately, to this shopper or to anybody."""
        found = SIGNED_ID.fullmatch(signed_id)
        if found is None:
            return False
        signed_at = int(found[2], 16)
        age = (time.time() if now is None else now) - signed_at
        if not -AHEAD_SECONDS <= age <= LIFETIME_SECONDS:
            return False
        expected = (self.sign(found[1], owner, provenance, signed_at) for owner in (user_id, None))
        return any(compare_digest(signed_id.encode(), each.encode()) for each in expected)

    def verify(self, source: Reported, user_id: int | None) -> Reported:
        """Return the source of an event as it can be believed: as reported, or with nothing but the id it names."""
        batch, version, rung, arm = (
            (value or "").encode() for value in (source.batch_id, source.model_version, source.rung, source.arm)
        )
        if self.is_genuine(source.request_id, user_id, (batch, version, rung, arm)):
            return source
        nothing = dict.fromkeys(SHOWN_BY_ANSWER)
        return source.model_copy(update=nothing | {"rung": UNVERIFIED})


def derive_key(settings: Settings) -> bytes:
    """Derive the key from production's `API_TOKEN_KEY`.

    In development anybody may be any shopper, so that its key needs no secret: the folder of the installation will do.
    """
    secret = settings.api_token_key.get_secret_value() or str(settings.var_dir)
    return hashlib.blake2b(secret.encode(), person=b"request ids").digest()


def _draw() -> Iterator[str]:
    """Yield ids without asking the system for chance at each of them."""
    while True:
        drawn = secrets.token_hex(DRAWN_AT_ONCE * ID_LENGTH // 2)
        for start in range(0, len(drawn), ID_LENGTH):
            yield drawn[start : start + ID_LENGTH]
