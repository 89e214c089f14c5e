"""docs/loading.md is generated where it can be, and its example runs."""

import re
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import select

from settings import load_settings
from shop.database import open_engine, session_scope
from shop.load import main
from shop.loaders.canonical import TABLES, Table
from shop.loaders.documentation import DOCUMENT, refresh
from shop.tables import DECLARED, Order, Product


def test_the_document_says_what_the_code_does() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")

    assert refresh(text) == text, "run python -m shop.loaders.documentation"


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_canonical_columns_are_those_of_the_shops_tables(table: Table) -> None:
    columns = DECLARED[table.name].c

    assert set(table.column_names) == set(columns.keys())


def test_the_example_loads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    example = re.search(r"```python\n(.*?)```", text, re.DOTALL)
    command = re.search(r"```sh\n\.venv/bin/python -m shop\.load (.*?)\n```", text)
    assert example is not None
    assert command is not None
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("VAR_DIR", str(tmp_path))
    load_settings.cache_clear()

    exec(example.group(1), {})
    code = main(command.group(1).split())

    engine = open_engine(f"sqlite:///{tmp_path}/shop.db", read_only=True)
    with session_scope(engine) as session:
        totals = dict(session.execute(select(Order.order_id, Order.total_amount)).all())
        prices = dict(session.execute(select(Product.product_id, Product.price)).all())
    engine.dispose()
    load_settings.cache_clear()
    assert code == 0
    assert totals == {100: Decimal("9.00"), 101: Decimal("16.50")}
    assert prices == {10: Decimal("4.50"), 11: Decimal("12.00")}
