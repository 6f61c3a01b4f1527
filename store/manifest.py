"""What a spooled run's manifest must say, value by value: programs in any language may have written it."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError

from store.errors import Refused

_Count = Annotated[int, Field(ge=0, lt=2**63)]
_Share = Annotated[float, Field(allow_inf_nan=False)]


class _Values(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid")


class _Config(_Values):
    dataset: str
    dataset_digest: str
    architecture: str
    pruner: str
    sparsity: _Share
    seed: Annotated[int, Field(ge=0, lt=2**31)]
    settings: dict[str, JsonValue] = {}
    protocol_version: int = 1


class _Summary(_Values):
    last_epoch: Annotated[int, Field(ge=0, lt=2**15)]
    threshold: _Share | None = None
    num_parameters: _Count | None = None
    num_prunable: _Count | None = None
    num_pruned: _Count | None = None
    versions: dict[str, str] = {}
    started_at: datetime | None = None
    finished_at: datetime | None = None


class _File(_Values):
    table: str
    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.+=-]{0,199}$")]
    rows: _Count
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class _Manifest(_Values):
    format: int
    run_id: str
    study: Annotated[str, Field(min_length=1)]
    config: _Config
    summary: _Summary
    files: list[_File]


def require_manifest(file: Path, content: bytes) -> None:
    """Raise Refused, naming the first value that is missing, unknown or not of its kind."""
    try:
        _Manifest.model_validate_json(content)
    except ValidationError as error:
        fault = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(map(str, fault["loc"])) or "the whole"
        raise Refused(f"'{file}': {place}: {fault['msg']}; see store/README.md for the format.") from error
