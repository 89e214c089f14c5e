"""Login of the merchant's people: HTTP Basic with the installation's one password; the name is whom the audit names."""

import binascii
from base64 import b64decode
from hmac import compare_digest
from math import ceil

from fastapi import Request
from fastapi.security import HTTPBasic
from fastapi.security.utils import get_authorization_scheme_param

from api.web.errors import ApiError
from api.web.rate_limit import RateLimiter

WRONG_PER_MINUTE = 30
"""Wrong passwords that are taken from one address in the long run; five at once."""

LONGEST_NAME = 64


class _DescribedBasic(HTTPBasic):
    """For the API's description: `AdminLogin` reads the header, whose names may hold letters of any language."""

    async def __call__(self, request: Request) -> None:
        """Read nothing."""


BASIC = _DescribedBasic(
    scheme_name="Admin",
    description="Any name, under which changes are noted, and API_ADMIN_PASSWORD; see docs/merchandising.md.",
)

CHALLENGE = {"WWW-Authenticate": 'xBasic realm="31IE", charset="UTF-8"'}
"""Browsers would open a window of their own at `Basic`, over the editor's form."""


class AdminLogin:
    """Admits requests to the admin's routes."""

    def __init__(self, password: str, limiter: RateLimiter):
        """Take what is compared with.

        Args:
            password: of the installation; empty = nobody is admitted, and the routes are not there.
            limiter: how often an address may be wrong.
        """
        self._password = password.encode()
        self._limiter = limiter

    def require(self, authorization: str | None, client: str) -> str:
        """Return the name of who asks.

        Args:
            authorization: the request's header; `None` without one.
            client: who asks, as the limiter counts them.

        Raises:
            ApiError: 404 without a password, 401 without the right one, 429 after too many wrong ones.
        """
        if not self._password:
            raise ApiError(404, "This installation has no admin; API_ADMIN_PASSWORD sets the password.")
        if wait := self._limiter.find_wait(client, cost=0):
            raise ApiError(429, "Too many wrong passwords; wait a moment.", headers={"Retry-After": str(ceil(wait))})
        name, password = _read(authorization)
        if compare_digest(password, self._password) and name:
            return name
        if authorization is not None:
            self._limiter.find_wait(client)
        raise ApiError(401, "The admin's name and password are needed: Authorization: Basic.", headers=CHALLENGE)


def _read(authorization: str | None) -> tuple[str, bytes]:
    """Read name and password; both empty if they are none."""
    scheme, coded = get_authorization_scheme_param(authorization)
    try:
        name, _, password = b64decode(coded, validate=True).partition(b":")
        spelled = name.decode()
    except (binascii.Error, UnicodeDecodeError, ValueError):
        return "", b""
    is_name = scheme.lower() == "basic" and 0 < len(spelled) <= LONGEST_NAME and spelled.isprintable()
    return (spelled, password) if is_name and spelled.strip() else ("", b"")
