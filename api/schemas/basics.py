"""Field types that many schemas share."""

from typing import Annotated

from pydantic import Field

MAX_ID = 2**63 - 1

Id = Annotated[int, Field(ge=0, le=MAX_ID, strict=True)]
"""A whole number; neither text nor true is taken for one."""
Token = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9._:-]+$")]
