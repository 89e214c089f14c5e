"""Events of an order's lines: each names the answer that showed its product.

They lie in the platform's database and the order in the shop's, so that no transaction holds both: an outbox. The
checkout writes them beside the order, in one transaction, and `api/orders/outbox.py` delivers them.
"""

from typing import Any

from api.schemas import Checkout, Source
from api.web.request_ids import RequestIds


def list_order_events(checkout: Checkout, request_id: str, request_ids: RequestIds) -> list[dict[str, Any]]:
    """List the events of a cart's lines, as they stand once it is ordered; when that is, the order says.

    Args:
        checkout: the cart.
        request_id: of this request; names the events of lines without a source.
        request_ids: tell whether the answers that lines name were given to the shopper.
    """
    events = []
    for number, line in enumerate(checkout.items):
        source = Source(request_id=request_id)
        if line.source is not None:
            source = request_ids.verify(line.source, checkout.user_id)
        of_line = {
            "event_key": f"order:{checkout.order_key}:{number}",
            "event_type": "order",
            "product_id": line.product_id,
            "user_id": checkout.user_id,
        }
        events.append(source.model_dump() | of_line)
    return events
