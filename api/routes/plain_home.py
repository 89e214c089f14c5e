"""Fast path of the homepage: middleware that answers plain requests before the framework parses them.

Finding the route, resolving its parameters and validating them costs as much as reading the page. What needs none of
that goes this way: `user_id` and `limit` in this order, without an `Origin`, as a shop's own server asks for a page.
Everything else goes the route's, errors and the storefront's `explain=true` included; both answer with the same
function. What it saves is measured in docs/experiments/plain-homepage.md.
"""

import re
from collections.abc import Mapping

from fastapi.security.utils import get_authorization_scheme_param
from starlette.types import ASGIApp, Receive, Scope, Send

from api.routes.dependencies import DEFAULT_LIMIT, admit, services_of
from api.routes.home import HOME_PATH, HomeResponse, answer_home
from api.web.auth import Authenticator
from api.web.errors import ApiError

PLAIN_QUERY = re.compile(rb"user_id=([0-9]{1,18})(?:&limit=([1-9][0-9]?|100))?")


class _Route:
    """What measurements name the request by, as the framework's own routes do."""

    path = HOME_PATH


class PlainHomepages:
    """Answers plain requests for homepages and passes on all others."""

    def __init__(self, app: ASGIApp):
        """Wrap an application.

        Args:
            app: the application.
        """
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] == "http" and scope["path"] == HOME_PATH and scope["method"] == "GET":
            plain, headers = PLAIN_QUERY.fullmatch(scope["query_string"]), dict(scope["headers"])
            services = services_of(scope["app"].state)
            if plain and b"origin" not in headers and _may_pass(services.authenticator, scope, headers, int(plain[1])):
                scope["route"] = _Route
                user_id, limit = int(plain[1]), int(plain[2] or DEFAULT_LIMIT)
                scope["state"]["user_id"] = user_id
                answer = await answer_home(services.home_page, services.metrics, user_id, limit)
                await HomeResponse(answer.body, answer)(scope, receive, send)
                return
        await self._app(scope, receive, send)


def _may_pass(authenticator: Authenticator, scope: Scope, headers: Mapping[bytes, bytes], user_id: int) -> bool:
    """Return whether the request may speak of the user; the route says why not."""
    scheme, token = get_authorization_scheme_param(headers.get(b"authorization", b"").decode("latin-1"))
    try:
        admit(scope, authenticator, token if token and scheme.lower() == "bearer" else None).require(user_id)
    except ApiError:
        return False
    return True
