"""Error handlers: one shape, `{"error": {"code", "message", "details", "request_id"}}`, without traces or SQL."""

import logging
from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from api.db.reader import DatabaseUnavailableError
from api.db.writer import NotWrittenError, RefusedValueError
from api.schemas import Error, ErrorAnswer, ErrorDetail

logger = logging.getLogger(__name__)

CODES = {
    401: "unauthorized",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    409: "conflict",
    413: "too_large",
    421: "misdirected",
    422: "invalid_request",
    429: "too_often",
    503: "unavailable",
}

ASK_AGAIN = "The shop's database does not answer right now; ask again in a moment."
SEND_AGAIN = "This may not have been written; send the same again in a moment, with the same keys: it counts once."
RETRY_AFTER_SECONDS = 5


class ApiError(Exception):
    """An answer other than the one asked for, raised on purpose by a route."""

    def __init__(
        self,
        status: int,
        message: str,
        details: Sequence[ErrorDetail] = (),
        headers: Mapping[str, str] | None = None,
    ):
        """Describe the answer.

        Args:
            status: HTTP status, one of `CODES`.
            message: what is wrong and what to do, for the storefront's developer.
            details: what is wrong, piece by piece.
            headers: of the answer; by default 401 asks for a shopper's token.
        """
        super().__init__(message)
        self.status = status
        self.message = message
        self.details = list(details)
        by_default = {"WWW-Authenticate": "Bearer"} if status == 401 else {}
        self.headers = dict(by_default if headers is None else headers)


def install_error_handlers(app: FastAPI) -> None:
    """Give every error of an application the one shape."""

    @app.exception_handler(ApiError)
    async def _on_purpose(request: Request, error: ApiError) -> JSONResponse:
        return _answer(request, error.status, error.message, error.details, error.headers)

    @app.exception_handler(DatabaseUnavailableError)
    async def _without_database(request: Request, error: DatabaseUnavailableError) -> JSONResponse:
        return answer_without_database(request, error)

    @app.exception_handler(RefusedValueError)
    async def _unstorable(request: Request, error: RefusedValueError) -> JSONResponse:  # noqa: ARG001
        return _answer(request, 422, "This holds a value that the shop's database cannot store; nothing was written.")

    @app.exception_handler(RequestValidationError)
    async def _malformed(request: Request, error: RequestValidationError) -> JSONResponse:
        return answer_malformed(request, _list_details(error.errors()))

    @app.exception_handler(HTTPException)
    async def _by_framework(request: Request, error: HTTPException) -> JSONResponse:
        status = 422 if error.status_code == 400 else error.status_code  # a body that is not even text is malformed too
        return _answer(request, status, str(error.detail), headers=dict(error.headers or {}))

    @app.exception_handler(Exception)
    async def _our_mistake(request: Request, error: Exception) -> JSONResponse:
        logger.error("unhandled error path=%s", request.url.path, exc_info=error)
        return _answer(request, 500, "Something went wrong here; the log has the request_id.")


def answer_without_database(request: Request, error: DatabaseUnavailableError) -> JSONResponse:
    """Make the answer of a request that a database would be needed for."""
    message = SEND_AGAIN if isinstance(error, NotWrittenError) else ASK_AGAIN
    return _answer(request, 503, message, headers={"Retry-After": str(RETRY_AFTER_SECONDS)})


def answer_malformed(request: Request, details: list[ErrorDetail]) -> JSONResponse:
    """Make the answer of a request that breaks rules of its form."""
    return _answer(request, 422, "The request is malformed; see details.", details)


def refusals(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Describe for OpenAPI that a route may refuse with these statuses, in the one shape.

    The description is our code for it: by default it would be a phrase that differs between versions of Python.
    """
    return {status: {"model": ErrorAnswer, "description": CODES[status]} for status in statuses}


def _answer(
    request: Request,
    status: int,
    message: str,
    details: list[ErrorDetail] | None = None,
    headers: dict[str, str] | None = None,
) -> JSONResponse:
    code = CODES.get(status, "internal_error" if status >= 500 else "bad_request")
    request_id = getattr(request.state, "request_id", "")
    error = Error(code=code, message=message, details=details or [], request_id=request_id)
    return JSONResponse(ErrorAnswer(error=error).model_dump(), status, headers)


def _list_details(errors: Sequence[Any]) -> list[ErrorDetail]:
    """Name each malformed field and its trouble; the value that was sent stays out."""
    return [ErrorDetail(field=".".join(map(str, each["loc"])), problem=each["msg"]) for each in errors]
