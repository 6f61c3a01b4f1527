"""Files of the work directory that are either as they were written or not there: each is named by its own digest.

A file is written aside, flushed and renamed to `<stem>-<epoch>-<digest><suffix>`. What was cut short by a crash
never gets its name, and what was damaged later no longer fits it.
"""

import hashlib
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO, Any

import torch

from store.spool import flush_directory, sha256_of
from trainer.errors import Damaged

_DIGITS = 32


class _Hashing:
    """A file that is digested as it is written."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream, self.digest = stream, hashlib.sha256()
        self.error: OSError | None = None

    def write(self, content: bytes) -> int:
        self.digest.update(content)
        try:
            return self._stream.write(content)
        except OSError as error:
            self.error = error
            raise

    def flush(self) -> None:
        self._stream.flush()


def make_directory(path: Path) -> None:
    """Make a directory, and those above it that are missing, so that they survive a power loss."""
    if not path.is_dir():
        make_directory(path.parent)
        path.mkdir(exist_ok=True)
        flush_directory(path.parent)


def write_named(directory: Path, stem: str, epoch: int, suffix: str, write: Callable[[Any], object]) -> Path:
    """Let `write` fill a new file, then give it the name that its content has; returns its path."""
    aside = directory / f".{stem}.{os.getpid()}"
    try:
        with aside.open("wb") as stream:
            hashing = _Hashing(stream)
            try:
                write(hashing)
            except RuntimeError:
                # torch hides what went wrong with the file, a full disk say, behind an error of its own.
                if hashing.error:
                    raise hashing.error from None
                raise
            stream.flush()
            os.fsync(stream.fileno())
        path = directory / f"{stem}-{epoch:05d}-{hashing.digest.hexdigest()[:_DIGITS]}{suffix}"
        aside.rename(path)
    finally:
        aside.unlink(missing_ok=True)
    flush_directory(directory)
    return path


def verify(path: Path) -> Path:
    """The same path, when its content is what it was named for. Raises Damaged when it is not, or is missing."""
    try:
        digest = sha256_of(path)
    except FileNotFoundError as error:
        raise Damaged(f"'{path}' is missing.") from error
    if digest[:_DIGITS] != path.stem.rsplit("-", 1)[-1]:
        raise Damaged(f"'{path}' is damaged: its content is not what it was named for.")
    return path


def save_state(directory: Path, epoch: int, state: Mapping[str, Any]) -> Path:
    """Write a training state, tensors and plain values in dictionaries and lists, as the checkpoint of an epoch."""
    return write_named(directory, "checkpoint", epoch, ".pt", lambda stream: torch.save(dict(state), stream))


def load_state(path: Path) -> dict[str, Any]:
    """The inverse of `save_state`, on the CPU. Raises Damaged."""
    state: dict[str, Any] = torch.load(verify(path), map_location="cpu", weights_only=True)
    return state
