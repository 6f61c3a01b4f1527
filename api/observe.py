"""What is seen of every request: its id, a line in the access log, the metrics; and HEAD answered as GET without a body."""

import logging
import re
import time
from secrets import token_hex

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LOGGER = logging.getLogger("pie.access")
REQUEST_ID_HEADER = "X-Request-ID"


class Metrics:
    """The service's own registry: two services in one process do not mix."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "pie_requests", "Requests answered.", ["method", "endpoint", "status"], registry=self.registry
        )
        self.seconds = Histogram(
            "pie_request_seconds",
            "Time until a request was answered, in seconds.",
            ["endpoint"],
            buckets=(0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30),
            registry=self.registry,
        )
        self.under_way = Gauge("pie_requests_under_way", "Requests not answered yet.", registry=self.registry)
        self.cache = Counter(
            "pie_cache",
            "Answers by where they came from: hit, miss, or unchanged (304).",
            ["result"],
            registry=self.registry,
        )
        self.sql_workers = Gauge("pie_sql_workers", "Workers for SQL.", ["state"], registry=self.registry)
        self.sql_queries = Counter(
            "pie_sql_queries", "Queries of SQL by how they ended.", ["result"], registry=self.registry
        )
        self.snapshot = Gauge("pie_snapshot", "The warehouse's newest snapshot.", registry=self.registry)
        self.snapshot_age = Gauge(
            "pie_snapshot_age_seconds", "Time since the newest snapshot was made.", registry=self.registry
        )


class Observed:
    """The application with every request observed; pure ASGI, so that answers stream through."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app, self._metrics = app, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = _request_id(Headers(scope=scope))
        scope.setdefault("state", {})["request_id"] = request_id
        method, started, status, num_bytes = scope["method"], time.perf_counter(), 500, 0
        if method == "HEAD":
            scope["method"] = "GET"

        async def sending(message: Message) -> None:
            nonlocal status, num_bytes
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)[REQUEST_ID_HEADER] = request_id
            elif message["type"] == "http.response.body":
                num_bytes += len(message.get("body", b""))
                if method == "HEAD":
                    message = {**message, "body": b""}
            await send(message)

        with self._metrics.under_way.track_inprogress():
            try:
                await self._app(scope, receive, sending)
            finally:
                seconds = time.perf_counter() - started
                self._record(scope, method, status, seconds, num_bytes, request_id)

    def _record(self, scope: Scope, method: str, status: int, seconds: float, num_bytes: int, request_id: str) -> None:
        endpoint = getattr(scope.get("route"), "path", "none")
        # A label for each word that a client makes up would fill the memory.
        known = method if method in ("GET", "HEAD", "POST") else "other"
        self._metrics.requests.labels(known, endpoint, status).inc()
        self._metrics.seconds.labels(endpoint).observe(seconds)
        line: dict[str, object] = {
            "request_id": request_id,
            "method": method,
            "path": scope["path"],
            "endpoint": endpoint,
        }
        # A token in the URL opens nothing, but whoever put it there would not want it kept.
        query = re.sub(r"pie_[\w%-]+", "pie_...", scope["query_string"].decode("latin-1"))
        line |= {"query": query} if endpoint != "/v1/sql" else {}
        line |= {"status": status, "milliseconds": round(seconds * 1000, 1), "bytes": num_bytes}
        line |= {"client": scope["client"][0] if scope.get("client") else None}
        LOGGER.info("request", extra={"fields": line})


def _request_id(headers: Headers) -> str:
    """The caller's own id when it is harmless, else a new one."""
    given = headers.get(REQUEST_ID_HEADER, "")
    return given if re.fullmatch(r"[\w.-]{1,64}", given, re.ASCII) else token_hex(8)
