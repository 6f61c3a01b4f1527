"""The warehouse's schema in words: every table and view with its comment, every column with its type and comment."""

from store.warehouse import Warehouse

_RELATIONS = """
select t.table_name as name, 'table' as kind, t.comment
from duckdb_tables() as t
where t.database_name = 'warehouse' and t.schema_name = 'main'
union all
select v.view_name as name, 'view' as kind, v.comment
from duckdb_views() as v
where v.database_name = 'warehouse' and v.schema_name = 'main' and not v.internal
order by kind, name
"""

# DuckLake keeps no comments on a view's columns: the migrations write them into the table view_column.
_COLUMNS = """
select c.table_name as relation, c.column_name as name, lower(c.data_type) as type, coalesce(c.comment, v.comment) as comment
from duckdb_columns() as c
left join view_column as v on v.view_name = c.table_name and v.column_name = c.column_name
where c.database_name = 'warehouse' and c.schema_name = 'main'
order by relation, c.column_index
"""


def describe_schema(warehouse: Warehouse) -> str:
    """The schema as Markdown: a section per table and view, a line per column."""
    columns: dict[str, list[str]] = {}
    for row in warehouse.rows(_COLUMNS):
        columns.setdefault(row["relation"], []).append(f"- `{row['name']}` {row['type']}: {row['comment']}")
    sections = [
        f"## {row['kind']} `{row['name']}`\n{row['comment']}\n\n" + "\n".join(columns[row["name"]]) + "\n"
        for row in warehouse.rows(_RELATIONS)
    ]
    return "# Schema of the warehouse\n\nPrinted by `pie schema`.\n\n" + "\n".join(sections)
