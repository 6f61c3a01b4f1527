"""The service's hold on the warehouse: one connection to its newest state and to each old snapshot asked lately.

A request has a cursor of its own, held at one snapshot.
"""

from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from queue import Empty, LifoQueue
from threading import Lock

from store.errors import Refused, Unavailable
from store.snapshots import Snapshot, require_snapshot, snapshot_read
from store.warehouse import Warehouse, open_warehouse
from store.watch import Mark, catalog_mark

OLD_SNAPSHOTS = 4
"""Old snapshots that are held open; each takes half a second to open."""

SNAPSHOTS_SEEN = 10_000
"""Snapshots that are known without looking for them: those read first of more are forgotten."""


class Reader:
    """Reads a warehouse for many requests at once, which may come from any thread."""

    def __init__(self, url: str | None) -> None:
        self._url = url
        self._newest = _Lender(open_warehouse(url, read_only=True))
        self._location = self._newest.warehouse.location
        self._old: OrderedDict[int, _Lender] = OrderedDict()
        self._lock = Lock()
        self._newest_seen: tuple[Mark, Snapshot] | None = None
        self._seen: dict[int, Snapshot] = {}

    @property
    def name(self) -> str:
        """The warehouse, fit to be shown."""
        return str(self._location)

    def known_snapshot(self, as_of: int | None = None) -> Snapshot | None:
        """The snapshot `as_of`, or the newest, if it was read before and, for the newest, nothing was committed since.

        None when it has to be looked for.
        """
        if as_of is not None:
            return self._seen.get(as_of)
        seen = self._newest_seen
        return seen[1] if seen and seen[0] == catalog_mark(self._location) else None

    @contextmanager
    def warehouse(self, as_of: int | None = None) -> Iterator[tuple[Warehouse, Snapshot]]:
        """The warehouse held at one snapshot, and which it is: the newest, or `as_of`.

        Raises NotFound when there is no such snapshot, Unavailable when the warehouse cannot be read.
        """
        lender = self._newest if as_of is None else self._old_one(as_of)
        mark = catalog_mark(self._location)
        with lender.cursor() as cursor, cursor.reading():
            snapshot = snapshot_read(cursor)
            self._seen[snapshot.number] = snapshot
            if len(self._seen) > SNAPSHOTS_SEEN:
                self._seen.pop(min(self._seen), None)
            if as_of is None and mark:
                self._newest_seen = (mark, snapshot)
            yield cursor, snapshot

    def require_snapshot(self, as_of: int) -> None:
        """Raise NotFound when there is no such snapshot, Unavailable when the warehouse cannot be read."""
        with self.warehouse() as (warehouse, _):
            require_snapshot(warehouse, as_of)

    def close(self) -> None:
        for lender in (self._newest, *self._old.values()):
            lender.close()

    def _old_one(self, as_of: int) -> "_Lender":
        with self._lock:
            if as_of in self._old:
                self._old.move_to_end(as_of)
                return self._old[as_of]
        if not self._location.exists:
            raise Unavailable(f"The warehouse '{self.name}' is no longer there.")
        # Opening it to find that it is not there would cost half a second for each typing error.
        self.require_snapshot(as_of)
        try:
            opened = _Lender(open_warehouse(self._url, as_of=as_of))
        except Refused as error:
            raise Unavailable(str(error)) from error
        with self._lock:
            lender = self._old.setdefault(as_of, opened)
            while len(self._old) > OLD_SNAPSHOTS:
                # It closes with the last request that holds it.
                self._old.popitem(last=False)
        if lender is not opened:
            opened.close()
        return lender


class _Lender:
    """Lends cursors of a warehouse: one takes some milliseconds to make, so that those given back wait for the next."""

    def __init__(self, warehouse: Warehouse) -> None:
        self.warehouse = warehouse
        self._idle: LifoQueue[Warehouse] = LifoQueue()

    @contextmanager
    def cursor(self) -> Iterator[Warehouse]:
        try:
            cursor = self._idle.get_nowait()
        except Empty:
            cursor = self.warehouse.cursor()
        try:
            yield cursor
        except BaseException:
            cursor.close()
            raise
        self._idle.put(cursor)

    def close(self) -> None:
        with suppress(Empty):
            while True:
                self._idle.get_nowait().close()
        self.warehouse.close()
