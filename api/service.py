"""What the endpoints share: the settings and everything that was opened by them."""

import ipaddress
from dataclasses import dataclass

from api.access import Gate
from api.cache import AnswerCache
from api.observe import Metrics
from api.reader import Reader
from api.settings import Settings
from api.tokens import TokenFile
from store.sql_pool import SqlPool


@dataclass(frozen=True)
class Service:
    """One service over one warehouse."""

    settings: Settings
    reader: Reader
    gate: Gate
    cache: AnswerCache
    metrics: Metrics
    sql: SqlPool | None

    def close(self) -> None:
        if self.sql:
            self.sql.close()
        self.reader.close()


def open_service(settings: Settings) -> Service:
    """Open everything the settings name. Raises StoreError when the warehouse cannot be opened."""
    reader = Reader(settings.warehouse)
    tokens = TokenFile(settings.tokens_file) if settings.tokens_file else None
    return Service(
        settings,
        reader,
        Gate(tokens, is_open=settings.open, is_local=is_loopback(settings.host)),
        AnswerCache(settings.cache_mb * 2**20),
        Metrics(),
        SqlPool(settings.warehouse, settings.sql_limits) if settings.sql else None,
    )


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches the address."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
