"""A shop's exports as WooCommerce and its extension for orders write them, made up, beside what was put in."""

import csv
import random
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

from tests.support.foreign_shops.foreign_shop import round_to_pieces
from tests.support.shopify_export import Truth

FIRST_DAY = datetime(2025, 6, 1)  # noqa: DTZ001, the export tells no zone
PRODUCT_COLUMNS = (
    "ID", "Type", "SKU", "Name", "Published", "Is featured?", "Visibility in catalog", "Description", "In stock?",
    "Stock", "Sale price", "Regular price", "Categories", "Images", "Parent", "Brands",
)  # fmt: skip
ORDER_COLUMNS = (
    "order_id", "order_number", "date", "status", "order_total", "customer_id", "billing_first_name", "billing_email",
    "item_id", "item_product_id", "item_name", "item_sku", "item_quantity", "item_subtotal", "item_total",
    "item_refunded_qty",
)  # fmt: skip
FATES = ("completed", "processing", "on-hold", "cancelled", "refunded", "failed")
DELETED = 990


def write_woocommerce_export(folder: Path, *, num_orders: int = 400, seed: int = 1) -> Truth:
    """Write `wc-product-export.csv`, with decimal commas, and `orders-export.csv`; ids are whole numbers."""
    folder.mkdir(parents=True, exist_ok=True)
    dice, truth = random.Random(seed), Truth()
    with (folder / "wc-product-export.csv").open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, PRODUCT_COLUMNS, restval="")
        writer.writeheader()
        common = {"Published": 1, "Visibility in catalog": "visible", "In stock?": 1}
        pictures = "https://shop.example/1.jpg, http://shop.example/2.jpg,https://shop.example/3.jpg"
        tea = {
            "Images": pictures,
            "Categories": r"Tea, Tea > Green, Tea > Green > Sencha, Cups\, bowls, Sale > Green",
            "Description": 'A "fine"\ntea',
            "Brands": "Leaf, Other",
        }
        sold = {"Regular price": "15", "Sale price": "12,50", "Stock": 4}
        writer.writerow({"ID": 100, "Type": "simple", "SKU": "T", "Name": "Tea", **sold, **common, **tea})
        writer.writerow({"ID": 101, "Type": "variable", "SKU": "C", "Name": "Cup", "Categories": "Cups", **common})
        for place, price in enumerate(("7,25", "9")):
            sold = {"Regular price": price, "Stock": 3, "Parent": ("C", "id:101")[place]}
            writer.writerow({"ID": 102 + place, "Type": "variation", "Name": f"Cup - {place}", **sold, **common})
        for number in range(110, 140):
            writer.writerow({"ID": number, "Type": "simple", "Name": f"Ware {number}", "Regular price": "3", **common})
    with (folder / "orders-export.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, ORDER_COLUMNS, restval="")
        writer.writeheader()
        for order in range(num_orders):
            writer.writerows(_list_rows(order, dice, truth))
    return truth


def _list_rows(order: int, dice: random.Random, truth: Truth) -> list[dict[str, object]]:
    """List a row a line of one order, and note what was bought in `truth`."""
    customer, fate = dice.randrange(60), dice.choices(FATES, (80, 5, 3, 4, 4, 4))[0]
    time = (FIRST_DAY + timedelta(hours=11 * order)).strftime("%Y-%m-%d %H:%M:%S")
    truth.num_guest_orders += customer == 0
    rows: list[dict[str, object]] = []
    for place, product in enumerate(dice.sample([100, 101, *range(110, 140), DELETED], dice.randint(1, 3))):
        quantity = dice.choices((1, 2, 3, 0.4, -1), (30, 30, 30, 5, 5))[0]
        returned = int(quantity > 0 and dice.random() < 0.05)
        rows.append({
            "order_id": 5000 + order, "order_number": 5000 + order, "date": time, "status": fate, "order_total": "9.00",
            "customer_id": customer, "billing_first_name": "Ana", "item_id": 10 * order + place + 1,
            "item_product_id": product, "item_name": f"Line of {product}", "item_quantity": quantity,
            "item_subtotal": 3 * quantity, "item_total": 3 * quantity, "item_refunded_qty": -returned,
        })  # fmt: skip
        if customer and FATES.index(fate) < 3 and (kept := max(0, quantity - returned) if quantity > 0 else quantity):
            truth.pieces[str(customer), str(product)] += round_to_pieces(Decimal(str(kept)))
    rows.append(
        {**rows[0], "item_id": 10 * order + 9, "item_product_id": 0, "item_name": "Postage", "item_refunded_qty": 0}
    )
    return rows
