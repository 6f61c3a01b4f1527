"""The service's hold on the warehouse: one connection, a cursor and one snapshot for each request."""

from collections.abc import Iterator
from contextlib import contextmanager

from store.warehouse import Warehouse, open_warehouse


class Reader:
    """Reads a warehouse for many requests at once, which may come from any thread."""

    def __init__(self, url: str | None) -> None:
        self._url = url
        self._warehouse = open_warehouse(url, read_only=True)

    @property
    def name(self) -> str:
        """The warehouse, fit to be shown."""
        return str(self._warehouse.location)

    @contextmanager
    def warehouse(self, as_of: int | None = None) -> Iterator[tuple[Warehouse, int]]:
        """The warehouse held at one snapshot, with its number: the newest, or `as_of`."""
        source = self._warehouse.cursor() if as_of is None else open_warehouse(self._url, as_of=as_of)
        with source as opened, opened.reading() as snapshot:
            yield opened, snapshot

    def close(self) -> None:
        self._warehouse.close()
