"""A shop's exports as Shopify writes them, made up, with what was put in beside them."""

import csv
import random
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from pathlib import Path

FIRST_DAY = datetime(2025, 6, 1, tzinfo=timezone(timedelta(hours=9)))
TYPES = ("Tea", "Cups", "Sweets", None)
SIZES = ("S", "M", "L")
ORDER_COLUMNS = (
    "Name", "Email", "Financial Status", "Paid at", "Fulfillment Status", "Currency", "Subtotal", "Shipping", "Taxes",
    "Total", "Created at", "Lineitem quantity", "Lineitem name", "Lineitem price", "Lineitem sku", "Lineitem discount",
    "Notes", "Billing Name", "Cancelled at", "Vendor",
)  # fmt: skip
PRODUCT_COLUMNS = (
    "Handle", "Title", "Body (HTML)", "Vendor", "Product Category", "Type", "Tags", "Published", "Option1 Name",
    "Option1 Value", "Option2 Value", "Variant SKU", "Variant Inventory Tracker", "Variant Inventory Qty",
    "Variant Inventory Policy", "Variant Price", "Variant Compare At Price", "Image Src", "Image Position", "Status",
)  # fmt: skip


@dataclass
class Truth:
    """What the exports say.

    Attributes:
        pieces: bought, by e-mail address and handle, or title where the export of products lacks it.
        orders: by status.
        buyers: e-mail addresses.
        num_guest_orders: without an address.
    """

    pieces: Counter[tuple[str, str]] = field(default_factory=Counter)
    orders: Counter[str] = field(default_factory=Counter)
    buyers: set[str] = field(default_factory=set)
    num_guest_orders: int = 0


@dataclass(frozen=True)
class Ware:
    """A product with its variants: (SKU, name on order lines, price)."""

    handle: str
    title: str
    variants: tuple[tuple[str, str, float], ...]


def make_wares(num_products: int) -> list[Ware]:
    """Make products of one variant or three; SKUs that differ only in zeros, case and blanks are of different ones."""
    wares = []
    for number in range(num_products):
        handle, title = f"ware-{number}", f'Ware "{number}", boxed'
        sku = ("007", "7", "07", "ab-1", "AB-1", "x ", "x")[number] if number < 7 else f"SKU-{number:04}"
        price = 3.5 + number % 40
        if number % 5 == 4:
            named = ((f"{sku}-{size}", f"{title} - {size}", price + place) for place, size in enumerate(SIZES))
            wares.append(Ware(handle, title, tuple(named)))
        else:
            wares.append(Ware(handle, title, ((sku, title, price),)))
    return wares


def write_shopify_export(folder: Path, *, num_buyers: int = 800, num_products: int = 120, seed: int = 1) -> Truth:
    """Write `orders_export.csv` and `products_export.csv`, the newest order first, as Shopify does."""
    folder.mkdir(parents=True, exist_ok=True)
    wares, dice, truth = make_wares(num_products), random.Random(seed), Truth()
    with (folder / "products_export.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, PRODUCT_COLUMNS, restval="")
        writer.writeheader()
        for number, ware in enumerate(wares):
            writer.writerows(_list_product_rows(number, ware))
    orders = [
        (FIRST_DAY + timedelta(minutes=dice.randrange(60 * 24 * 170)), buyer)
        for buyer in range(num_buyers)
        for _ in range(dice.randint(1, 5))
    ]
    with (folder / "orders_export.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, ORDER_COLUMNS, restval="")
        writer.writeheader()
        for place, (time, buyer) in reversed(list(enumerate(sorted(orders), start=1001))):
            writer.writerows(_list_order_rows(f"#{place}", time, buyer, wares, dice, truth))
    return truth


def _list_product_rows(number: int, ware: Ware) -> list[dict[str, object]]:
    """List a row a variant, of which the first says what concerns all, and one with a further picture."""
    rows: list[dict[str, object]] = []
    for place, (sku, _name, price) in enumerate(ware.variants):
        row: dict[str, object] = {"Handle": ware.handle, "Variant SKU": sku, "Variant Price": f"{price:.2f}"}
        row |= {"Variant Compare At Price": f"{price * 2:.2f}" if number % 2 == 0 else ""}
        row |= {"Variant Inventory Tracker": "shopify", "Variant Inventory Qty": 5 - number % 7}
        row |= {"Option1 Value": SIZES[place] if len(ware.variants) > 1 else "Default Title"}
        if not place:
            row |= {"Title": ware.title, "Body (HTML)": "<p>Two\nlines</p>", "Vendor": f"Vendor {number % 9}"}
            row |= {
                "Type": TYPES[number % 4] or "",
                "Published": "true",
                "Image Src": "https://cdn.example/1.jpg",
                "Image Position": 1,
            }
            row |= {"Status": "archived" if number % 20 == 19 else "active"}
        rows.append(row)
    return [*rows, {"Handle": ware.handle, "Image Src": "https://cdn.example/2.jpg", "Image Position": 2}]


def _list_order_rows(
    name: str, time: datetime, buyer: int, wares: list[Ware], dice: random.Random, truth: Truth
) -> list[dict[str, object]]:
    """List a row a line, of which the first says what concerns the order, and note it in `truth`."""
    is_guest = dice.random() < 0.03
    email = "" if is_guest else f"buyer{buyer}@shop.example"
    fate = dice.choices(("paid", "partially_refunded", "refunded", "cancelled"), (90, 3, 4, 3))[0]
    stamp = time.strftime("%Y-%m-%d %H:%M:%S %z")
    rows: list[dict[str, object]] = []
    for _ in range(dice.randint(1, 4)):
        ware = dice.choice(wares[buyer % 10 :: 10])  # each buyer keeps to a tenth
        sku, item, price = dice.choice(ware.variants)
        sold = ("", "Ware of old", 2.0, "Ware of old") if dice.random() < 0.02 else (sku, item, price, ware.handle)
        quantity = dice.choices((1, 2, 3, -1), (32, 32, 32, 4))[0]
        rows.append(
            {
                "Lineitem quantity": quantity,
                "Lineitem name": sold[1],
                "Lineitem price": sold[2],
                "Lineitem sku": sold[0],
            }
        )
        if not is_guest and fate in ("paid", "partially_refunded"):
            truth.pieces[email, sold[3]] += quantity
    if dice.random() < 0.1:
        rows.append({"Lineitem quantity": 1, "Lineitem name": "Gift wrap", "Lineitem price": 2, "Lineitem sku": ""})
    rows[0] |= {
        "Financial Status": "paid" if fate == "cancelled" else fate,
        "Total": f"{sum(float(str(row['Lineitem price'])) * int(str(row['Lineitem quantity'])) for row in rows):.2f}",
        "Cancelled at": stamp if fate == "cancelled" else "",
        "Notes": "ring twice\nplease" if dice.random() < 0.1 else "",
        "Billing Name": "Ana Example",
    }
    truth.num_guest_orders += is_guest
    truth.orders["cancelled" if fate in ("refunded", "cancelled") else "paid"] += 1
    if not is_guest:
        truth.buyers.add(email)
    return [{"Name": name, "Email": email, "Created at": stamp, **row} for row in rows]
