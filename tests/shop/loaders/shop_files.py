"""A folder with a small correct shop as CSV, for tests that then break one thing."""

from pathlib import Path

FILES = {
    "users.csv": "user_id,nickname\n1,홍길동\n2,Zoë 🌸\n3,\n",
    "categories.csv": "category_id,name\n1,Tea\n2,Cups\n",
    "products.csv": "product_id,category_id,title,price\n10,1,Green tea,\n11,2,Blue cup,12.00\n12,2,,\n",
    "orders.csv": (
        "order_id,user_id,ordered_at\n100,1,2026-01-05\n101,2,2026-02-01T09:30:00+09:00\n102,1,2026-03-01 10:00\n"
    ),
    "order_items.csv": (
        "order_id,product_id,quantity,unit_price\n"
        "100,10,2,4.50\n101,11,1,\n101,10,1,4.75\n102,10,1,5.00\n102,10,1,5.00\n"
    ),
}


def write_shop_files(folder: Path, **changes: str | None) -> Path:
    """Write the files into the folder; `orders="..."` changes one, `categories=None` leaves it out."""
    folder.mkdir(exist_ok=True)
    for name, content in FILES.items():
        changed = changes.get(name.removesuffix(".csv"), content)
        if changed is not None:
            (folder / name).write_text(changed, encoding="utf-8")
    return folder
