"""Copies, in the memory of the process that asks, of what questions look up again and again.

A look into a table of a lake takes three queries of its catalog, some milliseconds, however few its rows: more than the rest of
most questions. So the small relations of a snapshot, the examples of a split, and its PIEs at a snapshot are copied into schemas of
their own when they were asked for several times; the names in questions and concept views find the copies first. A copy is made
in the transaction of a question, which makes it that snapshot's, and is there for others once that has ended well.
"""

from collections import OrderedDict
from itertools import count
from threading import Lock
from typing import NamedTuple

import duckdb

from store.engine import quoted
from store.held import Held

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

SPLIT_ASKED = 2
"""Questions for the examples of a split, which never change, or for its PIEs, of which the last copies them."""

MOST_EXAMPLES = 100_000
"""Examples of a split that is copied: some 100 MB with their texts. Those of a larger one are read from the lake."""

MOST_PIES = 500_000
"""PIEs of a split, of all variants together, that are copied. More are read from the lake."""

MOST_SPLITS = 8
"""Splits whose examples are in memory, the last ones; likewise PIEs."""

_REMEMBERED = 64

_ALL_INFLUENCE_STORED = """
select count(*) = 0
from warehouse.main.run as r
anti join warehouse.main.stored_influence_recipe as s on s.recipe_id = r.recipe_id
where r.status = 'published' and r.pruner = 'none'
"""

DatasetSplit = tuple[str, str]
"""A dataset and one of its splits."""


class _Key(NamedTuple):
    """What is copied together: small relations of a snapshot, the examples of a split, or the PIEs that a snapshot has of one."""

    snapshot: int | None
    split: DatasetSplit | None

    def is_followed_by(self, other: "_Key") -> bool:
        """Whether the other one takes its place: nothing is kept of an older snapshot."""
        return self.snapshot is not None and other.snapshot is not None and self.snapshot < other.snapshot

    def is_like(self, other: "_Key") -> bool:
        """Whether both are examples, or both are PIEs, of a split."""
        return None not in (self.split, other.split) and (self.snapshot is None) == (other.snapshot is None)


class InMemory:
    """What all cursors of a warehouse have in memory."""

    def __init__(self) -> None:
        self.schemas: dict[_Key, str | None] = {}
        """The schemas with the copies, the newest last; None for what is too large to be copied."""
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
        self.held = Held(connection, in_memory.numbers)
        """What is found before all copies."""

    def look_into(self, snapshot: int, split: DatasetSplit | None, *, pies_only: bool, then: str) -> None:
        """Have names looked for in copies of the snapshot and of the split whose examples are asked for, `then` in the lake."""
        keys = [_Key(snapshot, None)]
        if split:
            keys += [_Key(None, split), *([_Key(snapshot, split)] if pies_only else [])]
        copies = [f"memory.{schema}" for key in keys if (schema := self._schema(key))]
        try:
            self._look([*self.held.schemas, *copies, then])
        except duckdb.CatalogException:
            # The transaction began before a copy was there, or after it was dropped.
            self._look([*self.held.schemas, then])

    def look_at_held(self, then: str) -> None:
        """Have names looked for in what is held, `then` in the lake."""
        self._look([*self.held.schemas, then])

    def _look(self, path: list[str]) -> None:
        self._connection.execute(f"set search_path = {quoted(','.join(path))}")

    def end(self, *, committed: bool) -> None:
        """What the transaction has made is there for others, or gone with it."""
        if not self._has_turn:
            return
        if committed:
            left = {key: schema for key, schema in self._in_memory.schemas.items() if key not in self._dropped}
            self._in_memory.schemas = left | self._made
        self._made, self._dropped, self._has_turn = {}, set(), False
        self._in_memory.turn.release()

    def _schema(self, key: _Key) -> str | None:
        enough = self._in_memory.asked(key) >= (SPLIT_ASKED if key.split else ASKED)
        if enough and key not in self._in_memory.schemas and key not in self._made:
            self._has_turn = self._has_turn or self._in_memory.turn.acquire(blocking=False)
            # Another may have made it since.
            if self._has_turn and key not in self._in_memory.schemas:
                self._make(key)
        return self._made[key] if key in self._made else self._in_memory.schemas.get(key)

    def _make(self, key: _Key) -> None:
        others = [other for other in self._in_memory.schemas if other not in self._dropped]
        if any(key.is_followed_by(other) for other in others):
            return
        if key.split is not None and not self._is_worth_copying(key):
            return
        alike = [other for other in others if key.is_like(other) and not other.is_followed_by(key)]
        for other in [o for o in others if o.is_followed_by(key)] + alike[: max(0, len(alike) + 1 - MOST_SPLITS)]:
            if schema := self._in_memory.schemas[other]:
                self._connection.execute(f"drop schema memory.{schema} cascade")
            self._dropped.add(other)
        self._made[key] = schema = f"copies_{next(self._in_memory.numbers)}"
        self._connection.execute(f"create schema memory.{schema}")
        for relation, select in _selects(key).items():
            self._connection.execute(f"create table memory.{schema}.{relation} as {select}")
        if key.split is None and self._one(_ALL_INFLUENCE_STORED):
            # Too large to be copied; but nothing needs to be looked for in the runs.
            stored = "select i.* from warehouse.main.stored_influence as i"
            self._connection.execute(f"create view memory.{schema}.influence as {stored}")

    def _is_worth_copying(self, key: _Key) -> bool:
        """Whether a split has anything, and not too much; that it is too large is remembered."""
        relation, number, most = (
            ("readability", "count(*)", MOST_EXAMPLES)
            if key.snapshot is None
            else ("stored_comparison", "coalesce(sum(c.num_pies), 0)", MOST_PIES)
        )
        found = self._one(f"select {number} from warehouse.main.{relation} as c where {_of_split(key)}")
        if found > most:
            self._made[key] = None
        return 0 < found <= most

    def _one(self, select: str) -> int:
        ((value,),) = self._connection.execute(select).fetchall()
        return int(value)


def _of_split(key: _Key) -> str:
    assert key.split is not None
    return f"c.dataset = {quoted(key.split[0])} and c.split = {quoted(key.split[1])}"


def _selects(key: _Key) -> dict[str, str]:
    """The rows of each relation that is copied."""
    if key.split is None:
        return {relation: f"select c.* from warehouse.main.{relation} as c" for relation in RELATIONS}
    if key.snapshot is None:
        return {
            relation: f"select c.* from warehouse.main.{relation} as c where {_of_split(key)}"
            for relation in ("example", "readability")
        }
    return {
        "stored_majority": f"""
            select m.*
            from warehouse.main.stored_majority as m
            join warehouse.main.stored_comparison as c on c.comparison_id = m.comparison_id
            where m.is_pie and {_of_split(key)}
        """
    }
