"""Rows from one attached database to another, table by table, at one snapshot."""

from collections.abc import Callable

from store.progress import Progress, unseen
from store.warehouse import Warehouse

Condition = Callable[[str, set[str]], str]
"""Says which rows of a table are copied, from its name and columns: an SQL condition."""


def tables_of(warehouse: Warehouse, database: str = "warehouse") -> dict[str, set[str]]:
    """The columns of each table of an attached database."""
    rows = warehouse.rows(
        """
        select c.table_name, list(c.column_name) as columns
        from duckdb_columns() as c
        join duckdb_tables() as t
            on t.database_name = c.database_name and t.schema_name = c.schema_name and t.table_name = c.table_name
        where c.database_name = $database and c.schema_name = 'main'
        group by c.table_name
        order by c.table_name
        """,
        {"database": database},
    )
    return {row["table_name"]: set(row["columns"]) for row in rows}


def copy_rows(
    warehouse: Warehouse,
    target: str,
    condition: Condition = lambda table, columns: "true",
    progress: Progress = unseen,
) -> None:
    """Copy the warehouse's rows into the tables of the same names of the attached database `target`; in a transaction.

    A table that has rows in the target already (its migrations wrote them) is left alone. `progress` is told how many tables of how
    many are copied.
    """
    tables, there = tables_of(warehouse), tables_of(warehouse, target)
    for number, (table, columns) in enumerate(tables.items()):
        progress(number, len(tables), table)
        if table in there and not warehouse.rows(f"select 1 from {target}.{table} limit 1"):
            warehouse.execute(
                f"insert into {target}.{table} by name select * from warehouse.{table} where {condition(table, columns)}"
            )
