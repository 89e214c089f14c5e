"""Loader of a shop from a folder of files: one Parquet or CSV file a canonical table.

What a file must hold, and what stands in for what it leaves out, is in docs/loading.md.
"""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl

from shop.loaders.canonical import TABLES, Table
from shop.loaders.completion import complete_tables
from shop.loaders.csv_file import read_column_names, read_csv_file
from shop.loaders.validation import InvalidShopError, Origin, validate_frame
from shop.loaders.writing import RowBatch
from shop.money import DEFAULT_DECIMALS

SUFFIXES = (".parquet", ".csv")


def build_directory_shop(
    folder: Path, report: Callable[[str], None], decimals: int = DEFAULT_DECIMALS
) -> Iterator[RowBatch]:
    """Read and check all files of a folder, then hand over the whole shop.

    Args:
        folder: holds `users`, `products`, `orders`, `order_items` and any other canonical table, as .parquet or .csv.
        report: gets a line for each column or file that is not used.
        decimals: of the shop's currency, which amounts of money are rounded to.

    Raises:
        InvalidShopError: a table is missing or a file breaks a rule, named with column and row.
    """
    if not folder.is_dir():
        raise InvalidShopError(f"{folder} is no folder")
    frames: dict[str, pl.DataFrame] = {}
    known: dict[str, pl.Series] = {}
    names: dict[str, str] = {}
    for table in TABLES:
        path = find_table_file(folder, table)
        if path is not None:
            names[table.name] = path.name
            frame, lines = read_table_file(path)
            origin = Origin(path.name, lines, decimals=decimals)
            unused = [name for name in frame.columns if name not in table.column_names]
            if unused:
                report(f"{path.name}: not used: {', '.join(unused)}")
            frames[table.name] = validate_frame(table, frame, origin, known, complete=False)
        if table.name in frames and table.key in frames[table.name].columns:
            known[f"{table.name}.{table.key}"] = frames[table.name][table.key]
    _leave_out_days_to_come(frames, report)
    yield from (RowBatch(name, frame) for name, frame in complete_tables(frames, names["orders"]).items())


def find_folder_faults(folder: Path) -> list[str]:
    """Look at which files are there and at the names of their columns alone; a whole load checks the rows.

    Returns:
        What forbids a load, of all files.
    """
    faults = []
    for table in TABLES:
        try:
            path = find_table_file(folder, table)
            names = [] if path is None else _read_column_names(path)
        except InvalidShopError as error:
            faults.append(str(error))
            continue
        missing = [one.name for one in table.columns if one.is_required and one.name not in names]
        if path is not None and missing:
            faults.append(f"{path.name} lacks the columns {', '.join(missing)}; it has {', '.join(names)}")
    return faults


def _read_column_names(path: Path) -> list[str]:
    if path.suffix == ".csv":
        return read_column_names(path)
    try:
        return list(pl.read_parquet_schema(path))
    except (pl.exceptions.PolarsError, OSError) as error:
        raise _explain_parquet(path, error) from error


def _leave_out_days_to_come(frames: dict[str, pl.DataFrame], report: Callable[[str], None]) -> None:
    """Take out orders dated after tomorrow, with what belongs to them: somebody mistyped, or a test order."""
    is_to_come = pl.col("ordered_at") > datetime.now(UTC) + timedelta(days=1)
    odd = frames["orders"].filter(is_to_come)["order_id"]
    if odd.is_empty():
        return
    report(f"orders: left out, orders of days to come: {len(odd):,} rows, of them {odd.head(3).to_list()}")
    frames["orders"] = frames["orders"].filter(~is_to_come)
    frames["order_items"] = frames["order_items"].filter(~pl.col("order_id").is_in(odd.implode()))
    if "order_id" in (coupons := frames.get("user_coupons", pl.DataFrame())).columns:
        known = ~pl.col("order_id").is_in(odd.implode())
        frames["user_coupons"] = coupons.with_columns(order_id=pl.when(known).then("order_id"))


def find_table_file(folder: Path, table: Table) -> Path | None:
    """Find the one file of a table.

    Raises:
        InvalidShopError: there are two of them, or none of a table that every shop needs.
    """
    found = [path for path in (folder / f"{table.name}{suffix}" for suffix in SUFFIXES) if path.is_file()]
    if len(found) > 1:
        raise InvalidShopError(f"{folder} holds both {found[0].name} and {found[1].name}; keep one of them")
    if not found and table.is_required:
        raise InvalidShopError(f"{folder} lacks {table.name}.parquet or {table.name}.csv")
    return found[0] if found else None


def read_table_file(path: Path) -> tuple[pl.DataFrame, pl.Series | None]:
    """Read a file; CSV comes as text, so that ids keep their digits and errors can show what was written.

    Returns:
        The rows, and of a CSV file the line that each begins on.

    Raises:
        InvalidShopError: the file is damaged, empty, or not what its name says.
    """
    if path.suffix == ".csv":
        return read_csv_file(path)
    try:
        return pl.read_parquet(path, glob=False), None
    except (pl.exceptions.PolarsError, OSError) as error:
        raise _explain_parquet(path, error) from error


def _explain_parquet(path: Path, error: Exception) -> InvalidShopError:
    return InvalidShopError(f"{path.name} cannot be read as parquet: {str(error).strip().splitlines()[0]}")
