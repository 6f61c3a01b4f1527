"""Where runs are trained: the spool, the journals of runs under way, and who may use which."""

import contextlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from filelock import FileLock, Timeout

from store.identity import RunConfig, digest_of
from store.protocol import UNPRUNED
from trainer.errors import Busy
from trainer.journal import Journal
from trainer.plan import needs_dense


@dataclass(frozen=True)
class Place:
    """Where runs are trained: the directories of finished runs and of those under way, and the device."""

    spool: Path
    work: Path
    device: str = "cpu"


def dense_config(config: RunConfig) -> RunConfig:
    """The unpruned run of the same seed, whose epochs are the first ones of an iterative run."""
    return replace(config, pruner=UNPRUNED, sparsity=0.0)


def dense_journal(work: Path, config: RunConfig) -> Journal:
    """The journal of the dense epochs that a run shares with the others of its seed."""
    dense = dense_config(config)
    return Journal(work / f"dense-{dense.run_id}", digest_of(dense.to_json()))


def own_journal(work: Path, config: RunConfig) -> Journal:
    """The journal of the epochs that are a run's own."""
    return Journal(work / f"run-{config.run_id}", digest_of(config.to_json()))


@contextmanager
def locked(journal: Journal, timeout: float = -1) -> Iterator[None]:
    """Keep other processes from a journal. Raises Busy when one has it for longer than `timeout` seconds; -1 waits."""
    journal.lock_file.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(journal.lock_file, timeout=timeout)
    try:
        lock.acquire()
    except Timeout as error:
        raise Busy(f"Another process is at work on '{journal.path.name}'; let it finish, or end it.") from error
    try:
        yield
    finally:
        lock.release()


def discard_dense(place: Place, config: RunConfig) -> None:
    """Delete the dense epochs of a run's seed, unless another process is using them."""
    _discard(dense_journal(place.work, config))


def sweep(place: Place, done: Iterable[RunConfig], missing: Iterable[RunConfig]) -> None:
    """Delete the journals that a killed session left of runs that are done, and that no missing run begins with."""
    needed = {dense_journal(place.work, config).path for config in missing if needs_dense(config)}
    for config in done:
        for journal in (own_journal(place.work, config), dense_journal(place.work, config)):
            if journal.path not in needed:
                _discard(journal)


def _discard(journal: Journal) -> None:
    if journal.path.exists():
        with contextlib.suppress(Busy), locked(journal, timeout=0):
            journal.remove()
