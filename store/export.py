"""Exports: one plain DuckDB file with tables, views, macros and comments, which any DuckDB opens by itself."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import duckdb

from store.copying import Condition, copy_rows
from store.engine import quoted
from store.errors import NotFound, Refused, Unavailable
from store.progress import Progress, unseen
from store.warehouse import Warehouse

_NAME = "exported"

# The recipes that are wanted: all, or those with runs of these studies and datasets.
_RECIPES = """
select r.recipe_id, r.dataset
from (select r.recipe_id, r.study, r.dataset from run as r union select s.recipe_id, s.study, s.dataset from study as s) as r
where (len($studies) = 0 or list_contains($studies, r.study)) and (len($datasets) = 0 or list_contains($datasets, r.dataset))
"""


def export_warehouse(
    warehouse: Warehouse,
    file: Path,
    *,
    studies: Sequence[str] = (),
    datasets: Sequence[str] = (),
    progress: Progress = unseen,
) -> int:
    """Write the newest snapshot, or what of it belongs to some studies and datasets, to a new file; returns its bytes.

    `progress` is told how many tables of how many are written. Raises NotFound for a study or dataset that is not there, Refused when the file is.
    """
    file = Path(file)
    if file.exists():
        raise Refused(f"'{file}' is there already; name a new file, or delete it.")
    condition = _condition(warehouse, studies, datasets)
    aside = file.with_name(f".{file.name}.partial")
    aside.unlink(missing_ok=True)
    with warehouse.cursor() as exporter:
        try:
            exporter.execute(f"attach {quoted(aside)} as {_NAME}")
            try:
                _write(exporter, condition, progress)
            finally:
                exporter.execute("use warehouse")
                exporter.execute(f"detach {_NAME}")
            aside.rename(file)
        except (duckdb.OperationalError, OSError) as error:
            raise Unavailable(
                f"'{file}' cannot be written: {str(error).splitlines()[0]}. Check its rights and the space of its disk."
            ) from error
        finally:
            aside.unlink(missing_ok=True)
    return file.stat().st_size


def _condition(warehouse: Warehouse, studies: Sequence[str], datasets: Sequence[str]) -> Condition:
    """Which rows of each table belong to what is wanted, by the columns that say what a row is about."""
    for noun, table, wanted in (("study", "run", studies), ("dataset", "dataset", datasets)):
        there = [
            row["name"] for row in warehouse.rows(f"select distinct t.{noun} as name from {table} as t order by 1")
        ]
        missing = [name for name in wanted if name not in there]
        if missing:
            raise NotFound(f"No {noun} '{missing[0]}' in the warehouse, which has: {', '.join(there) or 'none'}.")
    if not studies and not datasets:
        return lambda table, columns: "true"
    rows = warehouse.rows(_RECIPES, {"studies": list(studies), "datasets": list(datasets)})
    recipes = _literals(row["recipe_id"] for row in rows)
    about = _literals([*(row["dataset"] for row in rows), *(datasets if not studies else ())])

    def condition(table: str, columns: set[str]) -> str:
        if "recipe_id" in columns:
            return f"recipe_id in ({recipes})"
        if "run_id" in columns:
            return f"run_id in (select r.run_id from warehouse.run as r where r.recipe_id in ({recipes}))"
        if "comparison_id" in columns:
            compared = f"from warehouse.stored_comparison as c where c.recipe_id in ({recipes})"
            return f"comparison_id in (select c.comparison_id {compared})"
        return f"dataset in ({about})" if "dataset" in columns else "true"

    return condition


def _literals(names: Iterator[str] | Sequence[str] | Any) -> str:
    return ", ".join(quoted(name) for name in sorted(set(names))) or "null"


def _write(exporter: Warehouse, condition: Condition, progress: Progress) -> None:
    definitions = [*_macros(exporter), *_views(exporter)]
    comments = [*_comments(exporter)]
    for statement in (*_schemas(exporter), *_tables(exporter)):
        exporter.execute(statement)
    exporter.execute("begin")
    copy_rows(exporter, _NAME, condition, progress=progress)
    exporter.execute("commit")
    exporter.execute(f"use {_NAME}")
    _define(exporter, definitions)
    for statement in comments:
        exporter.execute(statement)


def _schemas(warehouse: Warehouse) -> Iterator[str]:
    for row in warehouse.rows(
        """
        select distinct v.schema_name
        from duckdb_views() as v
        where v.database_name = 'warehouse' and not v.internal and v.schema_name <> 'main'
        """
    ):
        yield f'create schema {_NAME}."{row["schema_name"]}"'


def _tables(warehouse: Warehouse) -> Iterator[str]:
    for row in warehouse.rows(
        """
        select c.table_name, list('"' || c.column_name || '" ' || c.data_type
            || case when c.is_nullable then '' else ' not null' end order by c.column_index) as columns
        from duckdb_columns() as c
        join duckdb_tables() as t
            on t.database_name = c.database_name and t.schema_name = c.schema_name and t.table_name = c.table_name
        where c.database_name = 'warehouse' and c.schema_name = 'main'
        group by c.table_name
        """
    ):
        yield f'create table {_NAME}."{row["table_name"]}" ({", ".join(row["columns"])})'


def _macros(warehouse: Warehouse) -> Iterator[str]:
    for row in warehouse.rows(
        """
        select f.schema_name, f.function_name, f.function_type, f.parameters, f.macro_definition
        from duckdb_functions() as f
        where f.database_name = 'warehouse' and f.function_type in ('macro', 'table_macro')
        """
    ):
        table = "table " if row["function_type"] == "table_macro" else ""
        name = f'{_NAME}."{row["schema_name"]}"."{row["function_name"]}"'
        yield f"create macro {name}({', '.join(row['parameters'])}) as {table}{row['macro_definition']}"


def _views(warehouse: Warehouse) -> Iterator[str]:
    for row in warehouse.rows(
        """
        select v.schema_name, v.view_name, v.sql
        from duckdb_views() as v
        where v.database_name = 'warehouse' and not v.internal
        """
    ):
        # Its text names the view without its schema.
        body = re.sub(r"^CREATE VIEW \S+", "", row["sql"])
        yield f'create view {_NAME}."{row["schema_name"]}"."{row["view_name"]}"{body}'


def _comments(warehouse: Warehouse) -> Iterator[str]:
    for row in warehouse.rows(
        """
        select 'table "main"."' || t.table_name || '"' as thing, t.comment
        from duckdb_tables() as t
        where t.database_name = 'warehouse' and t.schema_name = 'main'
        union all
        select 'view "' || v.schema_name || '"."' || v.view_name || '"', v.comment
        from duckdb_views() as v
        where v.database_name = 'warehouse' and not v.internal
        union all
        select
            'column "' || c.schema_name || '"."' || c.table_name || '"."' || c.column_name || '"',
            coalesce(c.comment, v.comment)
        from duckdb_columns() as c
        left join view_column as v on v.view_name = c.table_name and v.column_name = c.column_name
        where c.database_name = 'warehouse'
        """
    ):
        if row["comment"]:
            yield f"comment on {row['thing']} is {quoted(row['comment'])}"


def _define(exporter: Warehouse, definitions: Sequence[str]) -> None:
    """Create macros and views, each after those it needs, whatever the order they come in."""
    waiting = list(definitions)
    while waiting:
        later, failure = [], None
        for statement in waiting:
            try:
                exporter.execute(statement)
            except (duckdb.CatalogException, duckdb.BinderException) as error:
                later.append(statement)
                failure = error
        if failure is not None and len(later) == len(waiting):
            raise failure
        waiting = later
