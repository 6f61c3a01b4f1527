"""One session of training: the workers' events, and what follows from each for the runs, the warehouse and the display."""

import time
from collections import Counter
from dataclasses import dataclass

from trainer.agenda import Agenda
from trainer.crew import Crew, Died
from trainer.errors import TrainingStopped
from trainer.events import DenseReady, Failed, RunEvent, Skipped, Spooled, Started, Step, Stopped
from trainer.ledger import Ledger
from trainer.place import Place, discard_dense
from trainer.plan import Epochs, Plan
from trainer.progress import Display
from trainer.whereabouts import Whereabouts

MAX_STARTUP_DEATHS = 2
"""How often workers may die before they could train."""
PUBLISH_SECONDS = 2.0
"""How long a spooled run may wait to be published together with others."""


@dataclass(frozen=True)
class Outcome:
    """What came of the runs of a study, or of a shard: how many were published, failed and left now, and were there before."""

    num_published: int
    num_failed: int
    num_left: int
    num_there: int


class Session:
    """One start of `pie train` or `pie tune`: the runs it still has to train, and what became of those it had."""

    def __init__(self, plan: Plan, ledger: Ledger, place: Place, display: Display) -> None:
        self._ledger, self._place, self._display = ledger, place, display
        self._configs = {config.run_id: config for config in plan.missing}
        self._agenda = Agenda(plan.missing)
        self._deaths = Counter[str]()
        self._startup_deaths = 0
        self._whereabouts = Whereabouts(place.work)
        self._spooled: list[Spooled] = []
        self._published_at = time.monotonic()
        self._counts = Counter[str]()
        self._num_there = len(plan.configs) - len(plan.missing)

    def train(self, crew: Crew) -> Outcome:
        """Let a crew train every run of the agenda."""
        self._display.begin(len(self._configs), Epochs.of(self._configs.values()).shared)
        try:
            with crew:
                while len(self._agenda):
                    self._hand_out(crew)
                    for event in crew.events():
                        self._handle(event, crew)
                    self._whereabouts.write()
                    if time.monotonic() - self._published_at > PUBLISH_SECONDS:
                        self._publish()
            self._publish()
        finally:
            self._whereabouts.close()
            self._display.end()
        counts = self._counts
        return Outcome(counts["published"], counts["failed"], counts["skipped"], self._num_there)

    def _hand_out(self, crew: Crew) -> None:
        for _ in range(crew.room()):
            config = self._agenda.next()
            if config is None:
                break
            crew.give(config)

    def _handle(self, event: RunEvent | Died, crew: Crew) -> None:
        match event:
            case Started(run_id, where):
                self._whereabouts.started(run_id, where)
                return
            case Step():
                self._display.step(self._configs[event.run_id], event)
                self._whereabouts.reached(event.run_id, event.epoch)
                return
            case DenseReady(run_id):
                self._agenda.dense_ready(run_id)
                return
            case Stopped(why):
                raise TrainingStopped(f"Training stopped: {why}")
            case Died(run_id, how, ready):
                if not ready:
                    self._startup_failed(how)
                if run_id is None:
                    return
                self._worker_died(run_id, how, crew.max_deaths)
            case Spooled(run_id):
                self._spooled.append(event)
                self._agenda.done(run_id)
            case Failed(run_id, why, dense, _):
                self._fail(run_id, why, dense=dense)
            case Skipped(run_id):
                self._end(run_id, "skipped", "another process is training it")
        crew.free(run_id)
        self._whereabouts.ended(run_id)
        self._discard_dense(run_id)

    def _publish(self) -> None:
        """Publish the runs that were spooled since the last time."""
        self._published_at = time.monotonic()
        if self._spooled:
            entries = self._ledger.enter(self._spooled)
            self._spooled.clear()
            for entry in entries:
                if entry.refused:
                    self._fail(entry.run_id, entry.text, dense=False)
                else:
                    self._end(entry.run_id, "published", entry.text)

    def _fail(self, run_id: str, why: str, *, dense: bool) -> None:
        """Record a failed run, and those that would fail as it did."""
        failed = [run_id]
        if dense:
            failed += [config.run_id for config in self._agenda.drop_dependents(self._configs[run_id])]
        for failed_id in failed:
            self._ledger.enter_failure(failed_id, why)
            self._end(failed_id, "failed", f"failed: {why}")

    def _startup_failed(self, how: str) -> None:
        """A worker died before it could train: when they keep doing so, no run is to blame."""
        self._startup_deaths += 1
        if self._startup_deaths > MAX_STARTUP_DEATHS:
            raise TrainingStopped(
                f"Training stopped: its workers cannot start, the last one {how}; see what it said above."
            )

    def _worker_died(self, run_id: str, how: str, max_deaths: int) -> None:
        self._deaths[run_id] += 1
        if self._deaths[run_id] < max_deaths:
            self._display.say(f"A worker {how}; its run {run_id} goes on from where it was.")
            self._agenda.put_back(run_id)
        else:
            self._fail(run_id, f"Its worker {how}, {max_deaths} times.", dense=False)

    def _end(self, run_id: str, outcome: str, text: str) -> None:
        self._counts[outcome] += 1
        self._agenda.done(run_id)
        self._display.run_done(self._configs[run_id], text)

    def _discard_dense(self, run_id: str) -> None:
        if not self._agenda.dense_needed(self._configs[run_id]):
            discard_dense(self._place, self._configs[run_id])
