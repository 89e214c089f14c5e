"""Events of an order's lines: each names the answer that showed its product.

They lie in the platform's database and the order in the shop's, so that no transaction holds both: the order comes
first and stands alone; the events follow, and the same order key again writes those that are missing.
"""

from typing import Any

from api.schemas import Checkout, OrderReceipt, Source
from api.web.request_ids import RequestIds


def list_order_events(
    checkout: Checkout, receipt: OrderReceipt, request_id: str, request_ids: RequestIds
) -> dict[str, dict[str, Any]]:
    """List the events of an order by their keys.

    Args:
        checkout: the cart.
        receipt: of the order that was placed for it, now or before.
        request_id: of this request; names the events of lines without a source.
        request_ids: tell whether the answers that lines name were given to the shopper.
    """
    events = {}
    for number, line in enumerate(checkout.items):
        source = Source(request_id=request_id)
        if line.source is not None:
            source = request_ids.verify(line.source, checkout.user_id)
        key = f"order:{checkout.order_key}:{number}"
        events[key] = source.model_dump() | {
            "event_key": key,
            "event_type": "order",
            "product_id": line.product_id,
            "user_id": checkout.user_id,
            "occurred_at": receipt.ordered_at,
        }
    return events
