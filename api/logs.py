"""Logs of the service: a JSON object a line on standard error, the access log among them."""

import json
import logging
import sys
from collections.abc import Callable
from datetime import UTC, datetime

from store.location import Location


class JsonLines(logging.Formatter):
    """A record as a line of JSON, with its `fields` beside the message; `hide` takes out what no log may say."""

    def __init__(self, hide: Callable[[str], str]) -> None:
        super().__init__()
        self._hide = hide

    def format(self, record: logging.LogRecord) -> str:
        time = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        line = {"time": time, "level": record.levelname.lower(), "logger": record.name, "message": record.getMessage()}
        line |= getattr(record, "fields", {})
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return self._hide(json.dumps(line))


def start_logging(location: Location) -> None:
    """Send the service's logs, and the server's warnings, to standard error, without what the warehouse is reached by."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines(location.without_details))
    for name, level in (("pie", logging.INFO), ("uvicorn", logging.WARNING)):
        logger = logging.getLogger(name)
        logger.handlers, logger.propagate = [handler], False
        logger.setLevel(level)
