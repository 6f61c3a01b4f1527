"""The service's hold on the warehouse: one connection, a cursor and one snapshot for each request."""

from collections.abc import Iterator
from contextlib import contextmanager
from queue import Empty, LifoQueue

from store.errors import Unavailable
from store.warehouse import Warehouse, open_warehouse


class Reader:
    """Reads a warehouse for many requests at once, which may come from any thread."""

    def __init__(self, url: str | None) -> None:
        self._url = url
        self._warehouse = open_warehouse(url, read_only=True)
        # A cursor takes some milliseconds to make: those that are not in use wait for the next request.
        self._idle: LifoQueue[Warehouse] = LifoQueue()

    @property
    def name(self) -> str:
        """The warehouse, fit to be shown."""
        return str(self._warehouse.location)

    @contextmanager
    def warehouse(self, as_of: int | None = None) -> Iterator[tuple[Warehouse, int]]:
        """The warehouse held at one snapshot, with its number: the newest, or `as_of`.

        Raises NotFound when there is no such snapshot, Unavailable when the warehouse cannot be read.
        """
        if as_of is not None:
            with self._opened(as_of) as opened, opened.reading() as snapshot:
                yield opened, snapshot
            return
        cursor = self._cursor()
        try:
            with cursor.reading() as snapshot:
                yield cursor, snapshot
        except BaseException:
            cursor.close()
            raise
        self._idle.put(cursor)

    def close(self) -> None:
        while not self._idle.empty():
            self._idle.get().close()
        self._warehouse.close()

    def _opened(self, as_of: int) -> Warehouse:
        if not self._warehouse.location.exists:
            raise Unavailable(f"The warehouse '{self.name}' is no longer there.")
        return open_warehouse(self._url, as_of=as_of)

    def _cursor(self) -> Warehouse:
        try:
            return self._idle.get_nowait()
        except Empty:
            return self._warehouse.cursor()
