"""Field types that many schemas share.

Ids are whole numbers in here. A shop whose own ids are text is given and gives those (`api/routes/shop_ids.py`
translates), so that the description says of every id that it is either.
"""

from typing import Annotated

from pydantic import Field, WithJsonSchema

MAX_ID = 2**63 - 1

_EITHER = WithJsonSchema({"anyOf": [{"type": "integer", "minimum": 0, "maximum": MAX_ID}, {"type": "string"}]})

AnswerId = Annotated[int, _EITHER]
"""An id in an answer."""

AddressId = Annotated[int, Field(ge=0, le=MAX_ID), _EITHER]
"""An id in the address of a request."""

Id = Annotated[int, Field(ge=0, le=MAX_ID, strict=True), _EITHER]
"""An id in the body of a request: where ids are whole numbers, neither text nor true is taken for one."""

Token = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9._:-]+$")]
