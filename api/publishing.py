"""Publishing over HTTP: a spooled run as one archive, with the same checks and the same exactly-once as `pie publish`."""

import tarfile
import tempfile
from pathlib import Path, PurePosixPath
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

from api.problems import RESPONSES
from api.service import Service
from store.errors import Refused
from store.publish import publish_run
from store.spool import read_manifest
from store.warehouse import open_warehouse

MAX_FILES = 10_000


class Published(BaseModel):
    """What became of the run."""

    run_id: str = Field(description="The run.", examples=["0f6cd986cd7f"])
    published: bool = Field(description="Whether it was published now; false when it was there already.")


def add_publishing(app: FastAPI, service: Service) -> None:
    """Add POST /v1/runs."""
    archive: dict[str, Any] = {"schema": {"type": "string", "format": "binary"}}
    content = {"application/octet-stream": archive, "application/x-tar": archive}

    @app.post(
        "/v1/runs",
        name="publish",
        status_code=201,
        response_model=Published,
        responses=RESPONSES
        | {
            200: {"description": "The run was there already, with the same content.", "model": Published},
            413: RESPONSES[422] | {"description": "The archive is too large."},
        },
        openapi_extra={"requestBody": {"required": True, "content": content}},
        dependencies=[service.gate.needs("publish")],
    )
    async def publish(request: Request) -> Response:
        """Publish a spooled run: `tar -C spool/RUN_ID -c . | curl --data-binary @- .../v1/runs`.

        Sending it again does no harm: a run is published once.
        """
        with tempfile.TemporaryDirectory(prefix="pie-upload-") as directory:
            sent = Path(directory) / "sent"
            await _receive(request, sent, service.settings.max_upload_mb * 2**20)
            done = await run_in_threadpool(_publish, service, sent, Path(directory) / "run")
        return JSONResponse(done.model_dump(), 201 if done.published else 200)


async def _receive(request: Request, file: Path, max_bytes: int) -> None:
    num_bytes = 0
    with file.open("wb") as stream:
        async for chunk in request.stream():
            num_bytes += len(chunk)
            if num_bytes > max_bytes:
                raise HTTPException(
                    413, f"The archive is larger than the {max_bytes} bytes allowed; publish it with `pie publish`."
                )
            stream.write(chunk)


def _publish(service: Service, sent: Path, run: Path) -> Published:
    _unpack(sent, run, 4 * service.settings.max_upload_mb * 2**20)
    manifest = read_manifest(run)
    with open_warehouse(service.settings.warehouse) as warehouse:
        published = publish_run(warehouse, run)
    return Published(run_id=manifest.config.run_id, published=published)


def _unpack(sent: Path, run: Path, max_bytes: int) -> None:
    """Take the files out of an archive into a directory named by the run. Raises Refused; nothing lands elsewhere."""
    run.mkdir()
    num_bytes = 0
    try:
        with tarfile.open(sent) as archive:
            for number, member in enumerate(archive):
                num_bytes += member.size
                if number >= MAX_FILES or num_bytes > max_bytes:
                    raise Refused("The archive holds more than a run does; send the directory of one run.")
                path = PurePosixPath(member.name)
                if member.isdir() and len(path.parts) <= 1:
                    continue
                if not member.isreg() or len(path.parts) > 2 or ".." in path.parts or path.is_absolute():
                    raise Refused(f"The archive holds '{member.name}', but a run is a directory of plain files.")
                content = archive.extractfile(member)
                assert content is not None
                (run / path.name).write_bytes(content.read())
    except (tarfile.TarError, EOFError, OSError) as error:
        why = str(error).splitlines()[0].rstrip(":- ")
        raise Refused(
            f"The body is not a tar archive of a spooled run: {why}; send one by `tar -C spool/RUN_ID -c . | curl --data-binary @- .../v1/runs`."
        ) from error
