"""The storefront's built pages, served by the API on one machine. In production a web server serves them."""

import os
from collections.abc import Iterator
from pathlib import Path

from fastapi.staticfiles import StaticFiles
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response
from starlette.staticfiles import PathLike
from starlette.types import Scope

STOREFRONT_PAGES = Path(__file__).resolve().parents[2] / "frontend" / "dist"
START = "index.html"
OWN_THINGS_ONLY = (
    "default-src 'self'; img-src 'self' https: data:; style-src 'self' 'unsafe-inline'; "
    "frame-ancestors 'none'; base-uri 'none'; object-src 'none'"
)
"""Pages run the storefront's own scripts alone; pictures may lie elsewhere."""

ASSETS = "assets/"
FOR_GOOD = "public, max-age=31536000, immutable"
"""Names of the files in `assets/` change with their contents."""

ENCODINGS = {"br": ".br", "gzip": ".gz"}
"""Names of content encodings, the smaller first, and the endings of the files that the build compressed by them."""

ASK_FIRST = "no-cache"
"""Whatever else there is may be kept, if the browser asks each time whether it is still the same."""


class StorefrontPages(StaticFiles):
    """Files of the storefront; a path that a browser opens and that is no file is the storefront's own to interpret."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        """Return a file, or the start page."""
        answer = await self._find(path, scope)
        answer.headers["Content-Security-Policy"] = OWN_THINGS_ONLY
        answer.headers["Cache-Control"] = FOR_GOOD if path.startswith(ASSETS) else ASK_FIRST
        return answer

    def file_response(
        self, full_path: PathLike, stat_result: os.stat_result, scope: Scope, status_code: int = 200
    ) -> Response:
        """Return a file as the build compressed it, if the browser takes that."""
        for encoding in _read_accepted(Headers(scope=scope).get("accept-encoding", "")):
            compressed = Path(f"{os.fspath(full_path)}{ENCODINGS[encoding]}")
            if compressed.is_file():
                answer = super().file_response(compressed, compressed.stat(), scope, status_code)
                answer.headers["Content-Encoding"] = encoding
                break
        else:
            answer = super().file_response(full_path, stat_result, scope, status_code)
        answer.headers["Vary"] = "Accept-Encoding"
        return answer

    async def _find(self, path: str, scope: Scope) -> Response:
        try:
            found = await super().get_response(path, scope)
            if isinstance(found, RedirectResponse):  # from a folder's path, to whatever host the request names
                raise HTTPException(404)
            return found
        except HTTPException as err:
            wants_page = "text/html" in Headers(scope=scope).get("accept", "")
            if err.status_code != 404 or not wants_page or path.startswith(ASSETS):
                raise
            return await super().get_response(START, scope)


def _read_accepted(header: str) -> Iterator[str]:
    """Give the encodings of ours that `Accept-Encoding` names without refusing them (`q=0`)."""
    named = {
        name.strip().lower(): weight.replace(" ", "")
        for name, _, weight in (e.partition(";") for e in header.split(","))
    }
    return (name for name in ENCODINGS if name in named and named[name] not in ("q=0", "q=0.0", "q=0.00", "q=0.000"))
