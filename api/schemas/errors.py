"""Schema of every error."""

from pydantic import BaseModel, Field


class ErrorDetail(BaseModel):
    """One field, and what is wrong with it."""

    field: str
    problem: str


class Error(BaseModel):
    """Why a request was not answered."""

    code: str = Field(description="A word to decide by.")
    message: str = Field(description="A sentence to read.")
    details: list[ErrorDetail] = []
    request_id: str


class ErrorAnswer(BaseModel):
    """The one shape of every error."""

    error: Error
