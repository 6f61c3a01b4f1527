"""Which run is trained next: those of a seed after one another, its dense epochs only once."""

from collections.abc import Iterable

from store.identity import RunConfig
from trainer.plan import Dense, dense_of, needs_dense


class Agenda:
    """The runs that are still to be trained, and the seeds whose dense epochs are under way or ready."""

    def __init__(self, configs: Iterable[RunConfig]) -> None:
        self._waiting = {config.run_id: config for config in configs}
        self._running: dict[str, RunConfig] = {}
        self._dense = {run_id: dense_of(config) for run_id, config in self._waiting.items() if needs_dense(config)}
        """The dense epochs that a run begins with."""
        self._dense_by_run: dict[str, Dense] = {}
        self._ready: set[Dense] = set()

    def __len__(self) -> int:
        return len(self._waiting) + len(self._running)

    def next(self) -> RunConfig | None:
        """The next run that does not wait for another one's dense epochs; None when there is none now."""
        for run_id, config in self._waiting.items():
            dense = self._dense.get(run_id)
            if dense and dense not in self._ready:
                if dense in self._dense_by_run.values():
                    continue
                self._dense_by_run[run_id] = dense
            self._running[run_id] = self._waiting.pop(run_id)
            return config
        return None

    def dense_ready(self, run_id: str) -> None:
        """A run has trained its seed's dense epochs, or found them."""
        self._ready.add(self._dense[run_id])
        self._dense_by_run.pop(run_id, None)

    def put_back(self, run_id: str) -> None:
        """A run was cut short and is to be trained again, first of all."""
        self._waiting = {run_id: self._running[run_id], **self._waiting}
        self.done(run_id)

    def done(self, run_id: str) -> None:
        """A run has come to its end, good or bad."""
        self._dense_by_run.pop(run_id, None)
        self._running.pop(run_id, None)

    def drop_dependents(self, config: RunConfig) -> list[RunConfig]:
        """Take out, and return, the waiting runs that would repeat the dense epochs of a run."""
        dense = dense_of(config)
        dropped = [run_id for run_id in self._waiting if self._dense.get(run_id) == dense]
        return [self._waiting.pop(run_id) for run_id in dropped]

    def dense_needed(self, config: RunConfig) -> bool:
        """Whether a run that is waiting or under way begins with the dense epochs of a run."""
        dense = dense_of(config)
        return any(self._dense.get(run_id) == dense for run_id in (*self._waiting, *self._running))
