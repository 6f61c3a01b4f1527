"""What the endpoints share: the settings and everything that was opened by them."""

from dataclasses import dataclass

from api.access import Gate, is_loopback
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
        Gate(tokens, is_open=settings.open, is_local=is_loopback(settings.host), origins=settings.cors_origins),
        AnswerCache(settings.cache_mb * 2**20),
        Metrics(),
        _sql_pool(settings) if settings.sql else None,
    )


def _sql_pool(settings: Settings) -> SqlPool:
    url = settings.sql_warehouse.get_secret_value() if settings.sql_warehouse else settings.warehouse
    environment = {name: value.get_secret_value() for name, value in settings.sql_environment.items()}
    return SqlPool(url, settings.sql_limits, environment)
