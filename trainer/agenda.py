"""Which run is trained next: those of a seed after one another, its dense epochs only once."""

from collections.abc import Iterable

from store.identity import RunConfig
from trainer.plan import needs_dense


class Agenda:
    """The runs that are still to be trained, and the seeds whose dense epochs are under way or ready."""

    def __init__(self, configs: Iterable[RunConfig]) -> None:
        self._waiting = {config.run_id: config for config in configs}
        self._running: dict[str, RunConfig] = {}
        self._dense_by_run: dict[str, int] = {}
        self._ready: set[int] = set()

    def __len__(self) -> int:
        return len(self._waiting) + len(self._running)

    def next(self) -> RunConfig | None:
        """The next run that does not wait for another one's dense epochs; None when there is none now."""
        for config in self._waiting.values():
            dense_to_do = needs_dense(config) and config.seed not in self._ready
            if dense_to_do and config.seed in self._dense_by_run.values():
                continue
            if dense_to_do:
                self._dense_by_run[config.run_id] = config.seed
            self._running[config.run_id] = self._waiting.pop(config.run_id)
            return config
        return None

    def dense_ready(self, run_id: str) -> None:
        """A run has trained its seed's dense epochs, or found them."""
        self._ready.add(self._running[run_id].seed)
        self._dense_by_run.pop(run_id, None)

    def put_back(self, run_id: str) -> None:
        """A run was cut short and is to be trained again, first of all."""
        self._waiting = {run_id: self._running[run_id], **self._waiting}
        self.done(run_id)

    def done(self, run_id: str) -> None:
        """A run has come to its end, good or bad."""
        self._dense_by_run.pop(run_id, None)
        self._running.pop(run_id, None)

    def drop_dependents(self, seed: int) -> list[RunConfig]:
        """Take out, and return, the waiting runs that would repeat the dense epochs of a seed."""
        dropped = [config for config in self._waiting.values() if config.seed == seed and needs_dense(config)]
        for config in dropped:
            del self._waiting[config.run_id]
        return dropped

    def dense_needed(self, seed: int) -> bool:
        """Whether a run that is waiting or under way begins with the dense epochs of a seed."""
        runs = [*self._waiting.values(), *self._running.values()]
        return any(config.seed == seed and needs_dense(config) for config in runs)
