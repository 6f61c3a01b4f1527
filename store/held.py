"""Rows that a caller who asks several questions has read once, and that are found first for as long as it asks."""

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress

import duckdb

_VIEWS = """
select v.view_name, v.sql
from duckdb_views() as v
where v.database_name = 'warehouse' and v.schema_name = 'main' and not v.internal
"""

_RELATIONS = """
select t.table_name, case t.table_type when 'VIEW' then 'view' else 'table' end
from information_schema.tables as t
where t.table_catalog = 'memory' and t.table_schema = $schema
order by t.table_type desc
"""


class Held:
    """What one cursor holds, each in a schema in memory that is made and dropped in one transaction."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, numbers: Iterator[int]) -> None:
        self._connection, self._numbers = connection, numbers
        self.schemas: list[str] = []
        """What is held, the last first."""

    def hold(self, selects: Mapping[str, str], parameters: Mapping[str, object]) -> str:
        """Read the rows of some relations; returns the name by which to let them go."""
        schema = f"memory.held_{next(self._numbers)}"
        self._connection.execute(f"create schema {schema}")
        for relation, select in selects.items():
            self._connection.execute(f"create table {schema}.{relation} as {select}", dict(parameters))
        # A view looks for names first where it is itself.
        for name, definition in self._connection.execute(_VIEWS).fetchall():
            if any(re.search(rf"\b{relation}\b", definition) for relation in selects) and name not in selects:
                self._connection.execute(re.sub(r"^CREATE VIEW \S+", f"create view {schema}.{name}", definition))
        self.schemas.insert(0, schema)
        return schema

    def let_go(self, schema: str) -> None:
        """Have these relations read from the lake again."""
        self.schemas.remove(schema)
        # After an error the transaction takes nothing more, and nothing of it stays.
        with suppress(duckdb.Error):
            name_of_schema = schema.removeprefix("memory.")
            # All at once, the schema with what it holds, could not be committed in the transaction that made it.
            for name, kind in self._connection.execute(_RELATIONS, {"schema": name_of_schema}).fetchall():
                self._connection.execute(f"drop {kind} {schema}.{name}")
            self._connection.execute(f"drop schema {schema}")
