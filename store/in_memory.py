"""Copies, in the memory of the process that asks, of what questions look up again and again.

A look into a table of a lake takes three queries of its catalog, some milliseconds, however few its rows: more than the rest of
most questions. So the small relations of a snapshot, and the examples of a split, are copied into schemas of their own when they
were asked for several times; the names in questions and concept views find the copies first. A copy is made in the transaction
of a question, which makes it that snapshot's, and is there for others once that has ended well.
"""

from collections import OrderedDict
from collections.abc import Sequence
from itertools import count
from threading import Lock

import duckdb

from store.engine import quoted

RELATIONS = (
    "class",
    "recipe",
    "evaluated_run",
    "stored_comparison",
    "stored_on_pies_of_run",
    "stored_on_pies",
    "stored_class_distribution",
    "stored_influence_bin",
    "stored_readability",
)
"""Copied of a snapshot: what stored answers are read from, without what has a row for each example."""

ASKED = 4
"""Questions at a snapshot, of which the last copies: it costs that one about what it spares the next ones. Where commits come
faster than questions, nothing is copied."""

EXAMPLES_ASKED = 2
"""Questions for the examples of a split, of which the last copies them: examples never change."""

MOST_EXAMPLES = 100_000
"""Examples of a split that is copied: some 100 MB with their texts. Those of a larger one are read from the lake."""

MOST_SPLITS = 8
"""Splits whose examples are in memory, the last ones."""

_REMEMBERED = 64

DatasetSplit = tuple[str, str]
"""A dataset and one of its splits."""

_Key = int | DatasetSplit
"""A snapshot, or a split."""


class InMemory:
    """What all cursors of a warehouse have in memory."""

    def __init__(self) -> None:
        self.schemas: dict[_Key, str | None] = {}
        """The schemas with the copies, the newest last: of one snapshot and of some splits; None for a split too large."""
        self.turn = Lock()
        """Held by the one cursor that makes copies, to the end of its transaction."""
        self.numbers = count()
        self._asked: OrderedDict[_Key, int] = OrderedDict()
        self._lock = Lock()

    def asked(self, key: _Key) -> int:
        """How often it was asked for, this time included."""
        with self._lock:
            self._asked[key] = times = self._asked.pop(key, 0) + 1
            if len(self._asked) > _REMEMBERED:
                self._asked.popitem(last=False)
            return times


class MemoryCursor:
    """Makes copies and has them found, in the transactions of one cursor."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, in_memory: InMemory) -> None:
        self._connection, self._in_memory = connection, in_memory
        self._has_turn = False
        self._made: dict[_Key, str | None] = {}
        self._dropped: set[_Key] = set()

    def look_into(self, snapshot: int, split: DatasetSplit | None, then: str) -> None:
        """Have names looked for in copies of the snapshot and of the split whose examples are asked for, `then` in the lake."""
        found = [self._schema(snapshot, ASKED), split and self._schema(split, EXAMPLES_ASKED)]
        path = [f"memory.{schema}" for schema in found if schema]
        try:
            self._connection.execute(f"set search_path = {quoted(','.join([*path, then]))}")
        except duckdb.CatalogException:
            # The transaction began before a copy was there, or after it was dropped.
            self._connection.execute(f"set search_path = {quoted(then)}")

    def end(self, *, committed: bool) -> None:
        """What the transaction has made is there for others, or gone with it."""
        if not self._has_turn:
            return
        if committed:
            left = {key: schema for key, schema in self._in_memory.schemas.items() if key not in self._dropped}
            self._in_memory.schemas = left | self._made
        self._made, self._dropped, self._has_turn = {}, set(), False
        self._in_memory.turn.release()

    def _schema(self, key: _Key, asked: int) -> str | None:
        if self._in_memory.asked(key) >= asked and key not in self._in_memory.schemas and key not in self._made:
            self._has_turn = self._has_turn or self._in_memory.turn.acquire(blocking=False)
            # Another may have made it since.
            if self._has_turn and key not in self._in_memory.schemas:
                self._make(key)
        return self._made[key] if key in self._made else self._in_memory.schemas.get(key)

    def _make(self, key: _Key) -> None:
        older: Sequence[_Key]
        if isinstance(key, int):
            older = snapshots = [other for other in self._in_memory.schemas if isinstance(other, int)]
            if any(snapshot > key for snapshot in snapshots):
                return
            selects = {relation: f"from warehouse.main.{relation}" for relation in RELATIONS}
        else:
            of_split = f"where dataset = {quoted(key[0])} and split = {quoted(key[1])}"
            splits = [other for other in self._in_memory.schemas if not isinstance(other, int)]
            older = splits[: max(0, len(splits) + 1 - MOST_SPLITS)]
            selects = {
                relation: f"from warehouse.main.{relation} {of_split}" for relation in ("example", "readability")
            }
            ((number,),) = self._connection.execute(f"select count(*) {selects['readability']}").fetchall()
            if number > MOST_EXAMPLES:
                self._made[key] = None
            if number == 0 or number > MOST_EXAMPLES:
                return
        for other in older:
            if schema := self._in_memory.schemas[other]:
                self._connection.execute(f"drop schema memory.{schema} cascade")
            self._dropped.add(other)
        self._made[key] = schema = f"copies_{next(self._in_memory.numbers)}"
        self._connection.execute(f"create schema memory.{schema}")
        for relation, select in selects.items():
            self._connection.execute(f"create table memory.{schema}.{relation} as {select}")
