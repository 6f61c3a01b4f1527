"""Answers that were given before, by their ETag: a snapshot never changes, so neither does the answer from it."""

from collections import OrderedDict
from dataclasses import dataclass
from threading import Lock


@dataclass(frozen=True)
class KeptAnswer:
    """A body with the headers that belong to it alone."""

    body: bytes
    headers: dict[str, str]
    media_type: str | None


class AnswerCache:
    """The answers used last, up to so many bytes together; usable from many threads."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes, self._num_bytes = max_bytes, 0
        self._kept: OrderedDict[str, KeptAnswer] = OrderedDict()
        self._lock = Lock()

    def get(self, etag: str) -> KeptAnswer | None:
        with self._lock:
            kept = self._kept.get(etag)
            if kept is not None:
                self._kept.move_to_end(etag)
            return kept

    def put(self, etag: str, kept: KeptAnswer) -> None:
        """Keep an answer, and let go of those not used for longest; one of more than a tenth of the room is not kept."""
        if len(kept.body) > self._max_bytes // 10:
            return
        with self._lock:
            before = self._kept.pop(etag, None)
            self._num_bytes += len(kept.body) - (len(before.body) if before else 0)
            self._kept[etag] = kept
            while self._num_bytes > self._max_bytes:
                self._num_bytes -= len(self._kept.popitem(last=False)[1].body)
