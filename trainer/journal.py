"""The journal of one run under way: its records so far and its newest checkpoint, in a directory of their own.

The records of each epoch make one file, written before the epoch's checkpoint, which names all of them. So a
run goes on from its newest checkpoint, or from its beginning when anything that this needs is missing or damaged.
"""

import json
import shutil
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, fields
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np

from store.spool import MaskRow, RunSummary
from trainer.checkpoint import load_state, make_directory, save_state, verify, write_named
from trainer.errors import Damaged
from trainer.records import Checkpoint, El2n, Finished, Kept, Masks, Metrics, Outputs, Progress, Record

JOURNAL_FORMAT = 1
_KINDS = {kind.__name__: kind for kind in (Outputs, El2n, Metrics, Masks, Finished)}


class Journal:
    """The journal at `path` of the run that `key` names; another run's is never taken for it."""

    def __init__(self, path: Path, key: str) -> None:
        self.path, self.key = path, f"{JOURNAL_FORMAT}:{key}"
        self._files: list[str] = []
        self._checkpoint = ""

    @property
    def lock_file(self) -> Path:
        """What a process locks while it uses the journal; it stays, as deleting it would race with those who wait."""
        return self.path.parent / "locks" / self.path.name

    def resume(self) -> Checkpoint | None:
        """The newest checkpoint, when it and all records before it are as they were written; else the journal is emptied."""
        self._files = []
        try:
            newest = self._newest()
        except Damaged:
            shutil.rmtree(self.path)
            return None
        self._sweep()
        return newest

    def keep(self, records: Iterable[Record]) -> Iterator[Progress | Checkpoint]:
        """Write records as they come, and pass on those that say how it goes; a Checkpoint once it is on disk."""
        make_directory(self.path)
        kept: list[Kept] = []
        for record in records:
            if isinstance(record, Progress):
                yield record
            elif isinstance(record, Checkpoint):
                self._keep_epoch(kept, record)
                kept = []
                yield record
            else:
                kept.append(record)

    def records(self) -> Iterator[Kept]:
        """All records up to the newest checkpoint. Raises Damaged."""
        for name in self._files:
            yield from _read(verify(self.path / name))

    def remove(self) -> None:
        """Delete the journal."""
        shutil.rmtree(self.path, ignore_errors=True)

    def _newest(self) -> Checkpoint | None:
        checkpoints = sorted(self.path.glob("checkpoint-*.pt"))
        if not checkpoints:
            return None
        state = load_state(checkpoints[-1])
        if state["key"] != self.key:
            raise Damaged(f"'{checkpoints[-1]}' is the checkpoint of another run.")
        for name in state["files"]:
            verify(self.path / name)
        self._files = [*state["files"]]
        self._checkpoint = checkpoints[-1].name
        return Checkpoint(state["epoch"], state["state"])

    def _keep_epoch(self, kept: Iterable[Kept], checkpoint: Checkpoint) -> None:
        file = write_named(self.path, "records", checkpoint.epoch, ".npz", lambda stream: stream.write(_encode(kept)))
        files = [*self._files, file.name]
        values = {"key": self.key, "epoch": checkpoint.epoch, "files": files, "state": dict(checkpoint.state)}
        newest = save_state(self.path, checkpoint.epoch, values)
        self._files, self._checkpoint = files, newest.name
        self._sweep()

    def _sweep(self) -> None:
        """Delete what the newest checkpoint does not need: older ones, and what a killed process left."""
        for path in self.path.glob("*"):
            if path.name not in (self._checkpoint, *self._files):
                path.unlink()


def _encode(records: Iterable[Kept]) -> bytes:
    """Records as one archive: their arrays, and the rest of them as JSON."""
    arrays: dict[str, Any] = {}
    described = []
    for record in records:
        values = {field.name: getattr(record, field.name) for field in fields(record)}
        for name, value in values.items():
            if isinstance(value, np.ndarray):
                arrays[f"array{len(arrays)}"] = value
                values[name] = f"array{len(arrays) - 1}"
            elif isinstance(value, Mapping):
                values[name] = [[*key, number] for key, number in value.items()]
            elif isinstance(value, RunSummary):
                values[name] = asdict(value)
            elif isinstance(value, tuple):
                values[name] = [asdict(row) for row in value]
        described.append([type(record).__name__, values])
    stream = BytesIO()
    np.savez(stream, records=np.frombuffer(json.dumps(described).encode(), dtype=np.uint8), **arrays)
    return stream.getvalue()


def _read(path: Path) -> Iterator[Kept]:
    """The inverse of `_encode`."""
    with np.load(path) as archive:
        for kind, values in json.loads(archive["records"].tobytes()):
            if kind == "Metrics":
                values["values"] = {(split, name): number for split, name, number in values["values"]}
            elif kind == "Masks":
                values["rows"] = tuple(MaskRow(**row | {"shape": tuple(row["shape"])}) for row in values["rows"])
            elif kind == "Finished":
                values["summary"] = RunSummary(**values["summary"])
            else:
                for name in [name for name in values if name in ("logits_NC", "el2n_N")]:
                    values[name] = archive[values[name]]
            yield _KINDS[kind](**values)
