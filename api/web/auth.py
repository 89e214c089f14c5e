"""Authentication by JWT: a request that names a user needs a token whose subject is that `user_id`.

The shop's own login issues the tokens with the key that both share (HS256). In development nobody is asked for one.
"""

from datetime import UTC, datetime, timedelta

import jwt
from fastapi.security import HTTPBearer

from api.web.errors import ApiError
from api.web.id_fields import NumberedId, OwnIds
from settings import Settings

ALGORITHM = "HS256"
LEAST_KEY_CHARACTERS = 32
LEEWAY_SECONDS = 10

BEARER = HTTPBearer(
    auto_error=False,
    bearerFormat="JWT",
    description="Token of the shopper, signed by the shop's login; asked for in production, see docs/tokens.md.",
)
"""Reads the header `Authorization: Bearer TOKEN`, and is in the API's description as its security scheme."""

GUESTS_TOO = {"security": [dict[str, list[str]]()]}
"""For the description of a route that also answers who is logged out: no token is one of the ways."""


class Authenticator:
    """Admits requests that speak of a user. Without a key everybody is admitted."""

    def __init__(self, key: str | None):
        """Take the key.

        Args:
            key: the key that tokens are signed with; `None` = no tokens are asked for.
        """
        self._key = key

    def require(self, token: str | None, subject: str | None) -> None:
        """Let a request pass that speaks of nobody, or of the subject of its own token.

        Args:
            token: the request's; `None` without one.
            subject: whom the request speaks of: the `user_id` as the shop spells it.

        Raises:
            ApiError: 401 without a valid token, 403 with another user's.
        """
        if self._key is None or subject is None:
            return
        if token is None:
            raise ApiError(401, "This shopper's token is needed: Authorization: Bearer TOKEN.")
        try:
            claims = jwt.decode(
                token,
                self._key,
                algorithms=[ALGORITHM],
                leeway=LEEWAY_SECONDS,
                options={"require": ["sub", "exp"]},
            )
        except jwt.InvalidTokenError as err:
            raise ApiError(401, "The token is not valid, or not any more; sign in again.") from err
        if claims["sub"] != subject:
            raise ApiError(403, "The token belongs to another shopper.")

    def issue(self, subject: str, lifetime: timedelta) -> str | None:
        """Sign a token for a user; `None` where none is asked for."""
        if self._key is None:
            return None
        return jwt.encode({"sub": subject, "exp": datetime.now(UTC) + lifetime}, self._key, ALGORITHM)


class Admission:
    """What the token of one request lets it do."""

    def __init__(self, authenticator: Authenticator, token: str | None, own_ids: OwnIds):
        """Take the request's.

        Args:
            authenticator: decides who may act as whom.
            token: `None` without one.
            own_ids: as the request spelled them, where the shop's ids are text.
        """
        self._authenticator = authenticator
        self._token = token
        self._own_ids = own_ids

    def require(self, user_id: int | None) -> None:
        """Let the request speak of a user, or of nobody.

        Raises:
            ApiError: 401 without a valid token, 403 with another user's.
        """
        subject = None if user_id is None else self._own_ids.get(NumberedId("users", user_id), str(user_id))
        self._authenticator.require(self._token, subject)


def make_authenticator(settings: Settings) -> Authenticator:
    """Make the authenticator of an installation.

    Raises:
        ValueError: production has no key, or one that could be guessed.
    """
    if settings.environment == "development":
        return Authenticator(None)
    key = settings.api_token_key.get_secret_value()
    if len(key) < LEAST_KEY_CHARACTERS:
        raise ValueError(
            f"API_TOKEN_KEY has {len(key)} characters; production needs a key of at least {LEAST_KEY_CHARACTERS}. "
            "Generate one with `make secrets`."
        )
    return Authenticator(key)
