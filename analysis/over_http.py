"""Questions asked of a running service: the same Arrow tables as of a warehouse, and the same errors."""

import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import httpx
import pyarrow as pa

from analysis.page import MAX_PAGE_ROWS
from analysis.question import Params, Question
from store.errors import NotFound, Refused, StoreError, Unavailable

TOKEN_VARIABLE = "PIE_TOKEN"
_ARROW = "application/vnd.apache.arrow.stream"
_TIMEOUT = httpx.Timeout(10, read=600)


def ask_service(url: str, question: Question, params: Params) -> pa.Table:
    """The rows of the answer by the service at `url`, with the token of the variable PIE_TOKEN if there is one.

    Raises NotFound, Refused and Unavailable as the same question of a warehouse does, in the service's words.
    """
    limit = params.limit
    with _asking(url.rstrip("/"), question, params) as answer:
        rows = pa.ipc.open_stream(pa.PythonFile(io.BufferedReader(_Body(answer.iter_bytes())), mode="r"))
        if limit is None or limit <= MAX_PAGE_ROWS:
            return rows.read_all()
        # More than a page may hold: the whole answer is begun, and left where it is enough.
        return pa.Table.from_batches(_first(rows, limit), rows.schema)


@contextmanager
def _asking(url: str, question: Question, params: Params) -> Iterator[httpx.Response]:
    path, query = _address(question, params)
    token = os.environ.get(TOKEN_VARIABLE)
    headers = {"Accept": _ARROW} | ({"Authorization": f"Bearer {token}"} if token else {})
    try:
        with (
            httpx.Client(timeout=_TIMEOUT) as client,
            client.stream("GET", f"{url}/v1/{path}", params=query, headers=headers) as answer,
        ):
            if answer.headers.get("content-type") != _ARROW:
                raise _error(url, answer)
            yield answer
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise Unavailable(
            f"The service '{url}' cannot be asked: {str(error).rstrip('.')}. Check its address, and whether it runs."
        ) from error


def _address(question: Question, params: Params) -> tuple[str, dict[str, Any]]:
    """The path below /v1 and the query that ask a question of these parameters."""
    values = params.model_dump(mode="json", exclude_none=True)
    path = question.path or question.name
    for name in [name for name in values if f"{{{name}}}" in path]:
        path = path.replace(f"{{{name}}}", quote(str(values.pop(name)), safe=""))
    if question.single or values.get("limit", 0) > MAX_PAGE_ROWS:
        values.pop("limit", None)
    return path, values


def _error(url: str, answer: httpx.Response) -> StoreError:
    """What a service's problem document says, as the error of the store that it was there."""
    answer.read()
    if answer.headers.get("content-type") != "application/problem+json":
        return Refused(
            f"'{url}' answered {answer.status_code} and no rows, as a service of `pie serve` does not; check the address."
        )
    detail = str(answer.json()["detail"])
    if answer.status_code == HTTPStatus.NOT_FOUND:
        return NotFound(detail)
    if answer.is_client_error and answer.status_code != HTTPStatus.TOO_MANY_REQUESTS:
        hint = f" The variable {TOKEN_VARIABLE} holds the token to send."
        return Refused(detail + hint * (answer.status_code == HTTPStatus.UNAUTHORIZED))
    return Unavailable(detail)


def _first(rows: pa.RecordBatchReader, limit: int) -> Iterator[pa.RecordBatch]:
    for batch in rows:
        yield batch.slice(0, limit)
        limit -= len(batch)
        if limit <= 0:
            return


class _Body(io.RawIOBase):
    """The chunks of a body as a file."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks, self._held = chunks, memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._held:
            chunk = next(self._chunks, None)
            if chunk is None:
                return 0
            self._held = memoryview(chunk)
        size = min(len(buffer), len(self._held))
        buffer[:size], self._held = self._held[:size], self._held[size:]
        return size
