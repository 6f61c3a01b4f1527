"""The spool: a finished run as a directory of Parquet files and a manifest, ready to be published.

`spool/<run_id>/manifest.json` names every file with its table, rows and SHA-256. A run under way lies in
`spool/<run_id>.partial/`, and every file, like the directory at the end, is written aside, flushed and renamed:
a crash leaves either the old state or the new one. The format is described in store/README.md.
"""

import hashlib
import json
import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from store.errors import NotFound, Refused
from store.identity import RunConfig, digest_of
from store.labels import predicted_labels
from store.protocol import SPLITS, Split, Task

SPOOL_FORMAT = 1
MANIFEST = "manifest.json"

SCHEMAS: dict[str, pa.Schema] = {
    "prediction": pa.schema(
        [("split", pa.string()), ("epoch", pa.int16()), ("example_id", pa.int32()), ("class_id", pa.int16())]
    ),
    "logit": pa.schema(
        [
            ("split", pa.string()),
            ("epoch", pa.int16()),
            ("example_id", pa.int32()),
            ("logits", pa.list_(pa.float32())),
        ]
    ),
    "el2n": pa.schema([("epoch", pa.int16()), ("example_id", pa.int32()), ("el2n", pa.float32())]),
    "mask": pa.schema(
        [
            ("pruning", pa.int16()),
            ("epoch", pa.int16()),
            ("tensor", pa.string()),
            ("shape", pa.list_(pa.int32())),
            ("num_weights", pa.int64()),
            ("num_kept", pa.int64()),
            ("threshold", pa.float64()),
            ("digest", pa.string()),
        ]
    ),
    "epoch_metric": pa.schema(
        [("epoch", pa.int16()), ("split", pa.string()), ("metric", pa.string()), ("value", pa.float64())]
    ),
    "evaluation": pa.schema([("split", pa.string()), ("epoch", pa.int16()), ("num_examples", pa.int32())]),
}
"""The tables of a spooled run: the warehouse's columns without run_id."""


@dataclass(frozen=True)
class MaskRow:
    """What one pruning left of one tensor; the columns of the table `mask`."""

    tensor: str
    shape: tuple[int, ...]
    num_weights: int
    num_kept: int
    threshold: float | None
    digest: str


@dataclass(frozen=True)
class RunSummary:
    """What is known of a run when it ends; the columns of the table `run` that are not its configuration."""

    last_epoch: int
    threshold: float | None = None
    num_parameters: int | None = None
    num_prunable: int | None = None
    num_pruned: int | None = None
    versions: Mapping[str, str] = field(default_factory=dict)
    started_at: str | None = None
    """ISO 8601, UTC."""
    finished_at: str | None = None


@dataclass(frozen=True)
class SpooledFile:
    table: str
    name: str
    rows: int
    sha256: str


@dataclass(frozen=True)
class Manifest:
    """What a spooled run's `manifest.json` says."""

    config: RunConfig
    study: str
    summary: RunSummary
    files: tuple[SpooledFile, ...]

    @property
    def content_digest(self) -> str:
        """Digest of the run's rows: equal for two spools of one run exactly when their files are equal."""
        return digest_of([asdict(file) for file in sorted(self.files, key=lambda file: file.name)])


class RunWriter:
    """Writes one run into a spool. Recording the same thing again replaces it, so that a resumed run may repeat.

    Raises Refused on malformed input; a file that was written before stays as it was.
    """

    def __init__(self, spool: Path, config: RunConfig, *, study: str, task: Task) -> None:
        self.config, self.study, self.task = config, study, task
        self.path = Path(spool) / config.run_id
        self.partial = Path(spool) / f"{config.run_id}.partial"
        self.partial.mkdir(parents=True, exist_ok=True)
        self._started_at = datetime.now(UTC)

    def record_outputs(
        self,
        split: Split,
        epoch: int,
        logits_NC: NDArray[np.floating],
        *,
        threshold: float | None = None,
        example_ids_N: NDArray[np.integer] | None = None,
        keep_logits: bool = True,
    ) -> None:
        """Record every example's prediction, and its logits unless `keep_logits` is false.

        `logits_NC` is [N, C]; `example_ids_N` numbers its rows (0 .. N-1 when omitted) and must hold each
        example of the split once. A multi-label run gives the `threshold` above which a class is predicted.
        """
        if split not in SPLITS:
            raise Refused(f"Unknown split '{split}'; the splits are {', '.join(SPLITS)}.")
        where = f"Run {self.config.run_id}, split {split}, epoch {epoch}"
        logits_NC = np.asarray(logits_NC, dtype=np.float32)
        if logits_NC.ndim != 2 or logits_NC.shape[1] < 2:
            raise Refused(
                f"{where}: logits of shape {logits_NC.shape} are not a row per example and a column per class."
            )
        if not np.isfinite(logits_NC).all():
            row = int(np.flatnonzero(~np.isfinite(logits_NC).all(axis=1))[0])
            raise Refused(
                f"{where}: the logits of row {row} are not finite; training has diverged, lower the learning rate."
            )
        if self.task == "multi_label" and threshold is None:
            raise Refused(f"{where}: a multi-label run needs the threshold above which a class is predicted.")
        ids_N = np.arange(len(logits_NC)) if example_ids_N is None else np.asarray(example_ids_N)
        order_N = np.argsort(ids_N, kind="stable")
        if len(ids_N) != len(logits_NC) or not np.array_equal(ids_N[order_N], np.arange(len(logits_NC))):
            raise Refused(f"{where}: example ids must be each of 0 to {len(logits_NC) - 1} once.")
        logits_NC = logits_NC[order_N]
        example_ids, class_ids = np.nonzero(predicted_labels(logits_NC, self.task, threshold))
        self._write("prediction", f"{split}-{epoch}", _outputs_columns(split, epoch, example_ids, class_id=class_ids))
        if keep_logits:
            flat = pa.array(logits_NC.reshape(-1))
            offsets = pa.array(np.arange(len(logits_NC) + 1, dtype=np.int32) * logits_NC.shape[1])
            lists = pa.ListArray.from_arrays(offsets, flat)
            self._write(
                "logit", f"{split}-{epoch}", _outputs_columns(split, epoch, np.arange(len(logits_NC)), logits=lists)
            )
        self._write(
            "evaluation", f"{split}-{epoch}", {"split": [split], "epoch": [epoch], "num_examples": [len(logits_NC)]}
        )

    def record_el2n(
        self, epoch: int, el2n_N: NDArray[np.floating], *, example_ids_N: NDArray[np.integer] | None = None
    ) -> None:
        """Record the EL2N of training examples [N] after an epoch."""
        ids_N = np.arange(len(el2n_N)) if example_ids_N is None else np.asarray(example_ids_N)
        if not np.isfinite(el2n_N).all() or len(np.unique(ids_N)) != len(el2n_N):
            raise Refused(
                f"Run {self.config.run_id}, epoch {epoch}: EL2N needs one finite value for each training example."
            )
        order_N = np.argsort(ids_N, kind="stable")
        columns = {
            "epoch": np.full(len(ids_N), epoch),
            "example_id": ids_N[order_N],
            "el2n": np.asarray(el2n_N)[order_N],
        }
        self._write("el2n", str(epoch), columns)

    def record_masks(self, pruning: int, epoch: int, masks: Sequence[MaskRow]) -> None:
        """Record what pruning number `pruning` (from 0), after `epoch` (-1 at initialization), left of each tensor."""
        rows = [asdict(mask) | {"pruning": pruning, "epoch": epoch} for mask in masks]
        self._write("mask", str(pruning), {name: [row[name] for row in rows] for name in SCHEMAS["mask"].names})

    def record_metrics(self, epoch: int, values: Mapping[tuple[Split, str], float]) -> None:
        """Record an epoch's metrics, `{(split, metric): value}`."""
        for (split, metric), value in values.items():
            if not np.isfinite(value):
                raise Refused(
                    f"Run {self.config.run_id}, epoch {epoch}: {split} {metric} is {value}; training has diverged."
                )
        splits, metrics = [key[0] for key in values], [key[1] for key in values]
        columns = {"epoch": [epoch] * len(values), "split": splits, "metric": metrics, "value": list(values.values())}
        self._write("epoch_metric", str(epoch), columns)

    def finish(self, summary: RunSummary) -> Path:
        """Seal the run: write its manifest and move it to its final name, which is returned."""
        files = tuple(_described(path) for path in sorted(self.partial.glob("*.parquet")))
        if not any(file.table == "evaluation" for file in files):
            raise Refused(
                f"Run {self.config.run_id} has recorded no outputs; record those of the last epoch before finishing."
            )
        manifest = {
            "format": SPOOL_FORMAT,
            "run_id": self.config.run_id,
            "study": self.study,
            "config": self.config.to_json(),
            "summary": asdict(summary)
            | {
                "started_at": summary.started_at or self._started_at.isoformat(timespec="seconds"),
                "finished_at": summary.finished_at or datetime.now(UTC).isoformat(timespec="seconds"),
            },
            "files": [asdict(file) for file in files],
        }
        write_aside(self.partial / MANIFEST, json.dumps(manifest, indent=1).encode())
        if self.path.exists():
            shutil.rmtree(self.path)
        self.partial.rename(self.path)
        flush_directory(self.path.parent)
        return self.path

    def _write(self, table: str, part: str, columns: Mapping[str, Any]) -> None:
        rows = pa.table(dict(columns), schema=SCHEMAS[table])
        buffer = pa.BufferOutputStream()
        pq.write_table(rows, buffer, compression="zstd", store_schema=False)
        write_aside(self.partial / f"{table}.{part}.parquet", buffer.getvalue())


def read_manifest(path: Path) -> Manifest:
    """The manifest of a spooled run, checked for its version and identity, not yet for its files.

    Raises NotFound without a manifest, Refused when it is malformed or of another version.
    """
    file = Path(path) / MANIFEST
    try:
        content = file.read_bytes()
        values = json.loads(content)
    except FileNotFoundError as error:
        raise NotFound(
            f"No spooled run at '{path}': it has no {MANIFEST}; finish the run before publishing it."
        ) from error
    except ValueError as error:
        raise Refused(f"'{file}' is not JSON ({error}); delete the directory and train the run again.") from error
    if not isinstance(values, dict) or values.get("format") != SPOOL_FORMAT:
        found = values.get("format") if isinstance(values, dict) else type(values).__name__
        raise Refused(
            f"'{file}' has spool format {found!r}, this version reads {SPOOL_FORMAT}; publish it with the version that wrote it."
        )
    from store.manifest import require_manifest  # pydantic, which a run under way does not need

    require_manifest(file, content)
    manifest = Manifest(
        config=RunConfig.from_json(values["config"]),
        study=values["study"],
        summary=RunSummary(**values["summary"]),
        files=tuple(SpooledFile(**entry) for entry in values["files"]),
    )
    try:
        run_id = manifest.config.run_id
    except ValueError as error:
        raise Refused(f"'{file}': config.settings has a number that is not finite; give each a value.") from error
    if values["run_id"] != run_id:
        raise Refused(f"'{file}' is named run {values['run_id']}, but its configuration is that of run {run_id}.")
    return manifest


def read_files(path: Path, manifest: Manifest) -> dict[str, list[pa.Table]]:
    """The rows of a spooled run by table, a part for each file; each file is the manifest's, byte for byte.

    Raises Refused by name.
    """
    parts: dict[str, list[pa.Table]] = {}
    for file in manifest.files:
        if file.table not in SCHEMAS:
            raise Refused(f"'{path}': file '{file.name}' is of unknown table '{file.table}'; see store/README.md.")
        parts.setdefault(file.table, []).append(_read_file(Path(path), file))
    return parts


def _read_file(path: Path, file: SpooledFile) -> pa.Table:
    try:
        content = (path / file.name).read_bytes()
    except (FileNotFoundError, IsADirectoryError) as error:
        raise Refused(f"'{path}': file '{file.name}' of the manifest is missing; train the run again.") from error
    if hashlib.sha256(content).hexdigest() != file.sha256:
        raise Refused(
            f"'{path}': file '{file.name}' is damaged (its SHA-256 is not the manifest's); train the run again."
        )
    try:
        rows = pq.ParquetFile(pa.BufferReader(content)).read(use_threads=False)
    except pa.ArrowInvalid as error:
        raise Refused(f"'{path}': file '{file.name}' is not a Parquet file; see store/README.md.") from error
    if not _plain(rows.schema).equals(SCHEMAS[file.table]):
        raise Refused(
            f"'{path}': file '{file.name}' has columns {rows.schema.names} of other names or types than table '{file.table}'."
        )
    if len(rows) != file.rows:
        raise Refused(f"'{path}': file '{file.name}' has {len(rows)} rows, but the manifest says {file.rows}.")
    return rows.cast(SCHEMAS[file.table])


def _plain(schema: pa.Schema) -> pa.Schema:
    """A schema without what writers may choose: required or not, and the width of offsets (polars writes large ones)."""
    return pa.schema([(field.name, _plain_type(field.type)) for field in schema])


def _plain_type(kind: pa.DataType) -> pa.DataType:
    if pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        return pa.string()
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        return pa.list_(_plain_type(kind.value_type))
    return kind


def spooled_runs(spool: Path) -> list[Path]:
    """The directories of the finished runs in a spool, oldest name first; `spool` may itself be one run."""
    spool = Path(spool)
    if not spool.is_dir():
        raise NotFound(f"No spool at '{spool}'; name the directory that `pie train` wrote, or one run in it.")
    if (spool / MANIFEST).exists():
        return [spool]
    return sorted(path.parent for path in spool.glob(f"*/{MANIFEST}") if path.parent.suffix != ".partial")


def write_aside(path: Path, content: bytes | pa.Buffer) -> None:
    """Write a file so that after a crash, power loss included, it has its old content or the new one."""
    aside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with aside.open("wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        aside.rename(path)
    finally:
        aside.unlink(missing_ok=True)
    flush_directory(path.parent)


def flush_directory(path: Path) -> None:
    """Make the names in a directory survive a power loss."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sha256_of(path: Path) -> str:
    """SHA-256 of a file's bytes, 64 hexadecimal digits."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _outputs_columns(split: str, epoch: int, example_ids: NDArray[np.integer], **column: Any) -> dict[str, Any]:
    """The columns of outputs; the constant ones by run length, so that a large split costs nothing for them."""
    num_rows = len(example_ids)
    return {
        "split": pa.repeat(pa.scalar(split), num_rows),
        "epoch": pa.repeat(pa.scalar(epoch, pa.int16()), num_rows),
        "example_id": example_ids.astype(np.int32),
        **{
            name: values.astype(np.int16) if isinstance(values, np.ndarray) else values
            for name, values in column.items()
        },
    }


def _described(path: Path) -> SpooledFile:
    return SpooledFile(
        table=path.name.split(".", 1)[0],
        name=path.name,
        rows=pq.read_metadata(path).num_rows,
        sha256=sha256_of(path),
    )
